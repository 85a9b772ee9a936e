// Package qrread reads a QR code from a picture of a panel, for tests: its modules pixel by pixel, its
// text by gozxing. Nothing is corrected or ignored: one wrong module is an error.
//
// read.go finds the symbol and its modules, decode.go reads them.
package qrread
