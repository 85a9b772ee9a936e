// Package readme holds what the README says against the project.
package readme
