// Package qrread reads QR codes out of straight two-colour pictures, for tests. It shares no code with
// the encoder and forgives nothing: any damaged codeword, wrong format copy or stray pad bit is an error.
package qrread
