// Package bustest models panel controllers at register level behind the bus interfaces.
package bustest
