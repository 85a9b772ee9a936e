// Package qr encodes text as a QR Code Model 2 symbol (ISO/IEC 18004) in the fewest modules.
//
// It splits the text optimally into numeric, alphanumeric and byte segments, takes the smallest
// version that holds them, then the highest error correction level that version still holds, and the
// mask with the least penalty. It allocates a handful of slices and nothing per module.
package qr
