// Package project holds no code but tests of the project as a whole: who may import whom, and that every command
// and configuration of the README is one that works.
//
//	imports_test.go   who may import whom, and what the daemon links
//	doc_test.go       the doc of each package names its files
//	length_test.go    functions and files are short
//	readme_test.go    the README's configurations and commands, and what documents point at
//	blocks_test.go    each block of code in a document is run or parsed by a test
//	security_test.go  what SECURITY.md says
package project
