// Package store keeps the grant in bbolt, sealed and journalled, through power cuts.
package store
