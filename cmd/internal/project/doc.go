// Package project holds no code but tests of the project as a whole: who may import whom, and that every command
// and configuration of the README is one that works.
package project
