package ssd16xx_test

import (
	"fmt"
	"image"
	"log"

	"github.com/paird/paird/hal/bustest"
	"github.com/paird/paird/hal/ssd16xx"
)

func ExampleNew() {
	// Port and pins of a board are a spi.Port and gpio.PinIO. Here they are those of a model of a 1.54 inch module.
	model := bustest.NewEPaper(bustest.Sheet{Chip: bustest.SSD1681, Size: image.Pt(200, 200), Wire: func(x, y int) (source, gate int) { return x, y }}, false)
	dev, err := ssd16xx.New(model.SPI(), model.DC(), model.Reset(), model.Busy(), &ssd16xx.Opts{Module: "waveshare1in54v2"})
	if err != nil {
		log.Fatal(err)
	}
	if err := dev.Draw(dev.Bounds(), image.White, image.Point{}); err != nil {
		log.Fatal(err)
	}
	if err := dev.Draw(image.Rect(10, 10, 50, 20), image.Black, image.Point{}); err != nil { // a partial refresh
		log.Fatal(err)
	}
	fmt.Println(dev, model.Image().GrayAt(0, 0).Y, model.Image().GrayAt(10, 10).Y)
	if err := dev.Halt(); err != nil { // the paper keeps its picture
		log.Fatal(err)
	}
	// Output: waveshare1in54v2{ssd1681} 255 0
}
