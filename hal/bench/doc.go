// Package bench puts panels on the bench: boards whose panel is a register-level model, and recordings of what goes over the wires of
// a real board, which the models show as pictures.
//
// The files in reading order: board.go is a board with a model, which hal opens as it opens a machine's hardware; record.go records
// another board's wires; replay.go puts a recording on the wires of a model.
package bench
