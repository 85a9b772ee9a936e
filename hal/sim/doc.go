// Package sim is a board made of a web page: a live panel, a button and an LED.
package sim
