package main

// mark is a diacritic of the drawn face.
type mark struct {
	rows    []string
	gap     bool // leaves a row free over the letter
	below   bool
	letters string // what it makes of what
}

// marks make the letters of Latin-1 and Latin Extended-A.
var marks = []mark{
	{rows: []string{"#.", ".#"}, gap: true, letters: "ÀA ÈE ÌI ÒO ÙU àa èe ìi òo ùu"},
	{rows: []string{".#", "#."}, gap: true, letters: "ÁA ÉE ÍI ÓO ÚU ÝY áa ée íi óo úu ýy ĆC ćc ĹL ĺl ŃN ńn ŔR ŕr ŚS śs ŹZ źz"},
	{rows: []string{".#.", "#.#"}, gap: true, letters: "ÂA ÊE ÎI ÔO ÛU âa êe îi ôo ûu ĈC ĉc ĜG ĝg ĤH ĥh ĴJ ĵj ŜS ŝs ŴW ŵw ŶY ŷy"},
	{rows: []string{".#.#", "#.#."}, gap: true, letters: "ÃA ÑN ÕO ãa ñn õo ĨI ĩi ŨU ũu"},
	{rows: []string{"###"}, gap: true, letters: "ĀA āa ĒE ēe ĪI īi ŌO ōo ŪU ūu"},
	{rows: []string{"#.#", ".#."}, gap: true, letters: "ĂA ăa ĔE ĕe ĞG ğg ĬI ĭi ŎO ŏo ŬU ŭu"},
	{rows: []string{"#"}, gap: true, letters: "ĊC ċc ĖE ėe ĠG ġg İI ŻZ żz"},
	{rows: []string{"#.#"}, gap: true, letters: "ÄA ËE ÏI ÖO ÜU äa ëe ïi öo üu ÿy ŸY"},
	{rows: []string{".#.", "#.#", ".#."}, letters: "ÅA åa ŮU ůu"},
	{rows: []string{".#.#", "#.#."}, gap: true, letters: "ŐO őo ŰU űu"},
	{rows: []string{"#.#", ".#."}, gap: true, letters: "ČC čc ĎD ĚE ěe ŇN ňn ŘR řr ŠS šs ŤT ŽZ žz"},
	{rows: []string{".#", "#."}, below: true, letters: "ÇC çc ŞS şs ŢT ţt ĶK ķk ĻL ļl ŅN ņn ŖR ŗr ĢG"},
	{rows: []string{".#"}, gap: true, letters: "ģg"},
	{rows: []string{"#.", ".#"}, below: true, letters: "ĄA ąa ĘE ęe ĮI įi ŲU ųu"},
}
