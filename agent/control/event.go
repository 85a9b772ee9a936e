package control

import "encoding/json"

// codeFields hold the user code and its addresses, or an object that does. Only hooks and those whom
// control.pair names get them: who has the code can pair this device with an account of his own.
var codeFields = []string{"pairing", "user_code", "verification_uri", "verification_uri_complete"}

// redact is event without codeFields.
func redact(event []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(event, &fields) != nil {
		return nil
	}
	for _, name := range codeFields {
		delete(fields, name)
	}
	out, _ := json.Marshal(fields) // raw messages that were parsed always marshal
	return out
}
