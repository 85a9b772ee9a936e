package qrread

import (
	"errors"
	"fmt"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/common/reedsolomon"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/encoder"
)

// decode fills in what the modules say; they are those of the version, row by row.
func (c *Code) decode(modules [][]bool) error {
	bits, err := gozxing.ParseBoolMapToBitMatrix(modules)
	if err != nil {
		return err
	}
	parser, err := decoder.NewBitMatrixParser(bits)
	if err != nil {
		return err
	}
	version, err := decoder.Version_GetVersionForNumber(c.Version)
	if err != nil {
		return err
	}
	format, err := parser.ReadFormatInformation()
	if err != nil {
		return err
	}
	level := format.GetErrorCorrectionLevel()
	c.Level, c.Mask = level.String(), int(format.GetDataMask())
	words, err := parser.ReadCodewords()
	if err != nil {
		return err
	}
	if err := sameModules(modules, words, version, level, c.Mask); err != nil {
		return err
	}
	data, err := dataWords(words, version, level)
	if err != nil {
		return err
	}
	result, err := decoder.DecodedBitStreamParser_Decode(data, version, level, nil)
	if err != nil {
		return err
	}
	c.Text = result.GetText()
	return nil
}

// sameModules lays the codewords into a fresh symbol: finder, timing and alignment patterns, both copies
// of format and version information must be as the standard has them.
func sameModules(modules [][]bool, words []byte, version *decoder.Version, level decoder.ErrorCorrectionLevel, mask int) error {
	bits := gozxing.NewEmptyBitArray()
	for _, w := range words {
		if err := bits.AppendBits(int(w), 8); err != nil {
			return err
		}
	}
	n := len(modules)
	fresh := encoder.NewByteMatrix(n, n)
	if err := encoder.MatrixUtil_buildMatrix(bits, level, version, mask, fresh); err != nil {
		return err
	}
	for y, row := range modules {
		for x, dark := range row {
			if dark != (fresh.Get(x, y) == 1) {
				return fmt.Errorf("module %d,%d is not as the standard has it", x, y)
			}
		}
	}
	return nil
}

// dataWords are the codewords that carry data; no block may need a correction.
func dataWords(words []byte, version *decoder.Version, level decoder.ErrorCorrectionLevel) (data []byte, err error) {
	blocks, err := decoder.DataBlock_GetDataBlocks(words, version, level)
	if err != nil {
		return nil, err
	}
	correction := reedsolomon.NewReedSolomonDecoder(reedsolomon.GenericGF_QR_CODE_FIELD_256)
	for _, block := range blocks {
		var read []int
		for _, w := range block.GetCodewords() {
			read = append(read, int(w))
		}
		corrected := slices.Clone(read)
		if err := correction.Decode(corrected, len(read)-block.GetNumDataCodewords()); err != nil {
			return nil, err
		}
		if !slices.Equal(corrected, read) {
			return nil, errors.New("a codeword is wrong")
		}
		data = append(data, block.GetCodewords()[:block.GetNumDataCodewords()]...)
	}
	return data, nil
}
