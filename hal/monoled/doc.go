// Package monoled drives monochrome OLED controllers: SSD1306, SSD1309, SH1106, SH1107.
package monoled
