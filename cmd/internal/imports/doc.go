// Package imports holds the test of who may import whom; there is no code in it.
package imports
