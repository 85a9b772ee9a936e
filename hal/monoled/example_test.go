package monoled_test

import (
	"fmt"
	"image"
	"image/draw"
	"log"

	"periph.io/x/devices/v3/ssd1306/image1bit"

	"github.com/paird/paird/hal/bustest"
	"github.com/paird/paird/hal/monoled"
)

func ExampleNewI2C() {
	// The bus of a board is an i2c.Bus, such as i2creg.Open returns. Here it is a model with an SSD1306 on it.
	bus := bustest.NewOLED(bustest.Glass{Chip: bustest.SSD1306, Size: image.Pt(128, 64), Alternative: true}, 0x3c, true)
	dev, err := monoled.NewI2C(bus, 0x3c, &monoled.Opts{Chip: "ssd1306", Size: image.Pt(128, 64), ColumnOffset: -1})
	if err != nil {
		log.Fatal(err)
	}
	img := image1bit.NewVerticalLSB(dev.Bounds())
	draw.Draw(img, image.Rect(0, 0, 64, 64), &image.Uniform{C: image1bit.On}, image.Point{}, draw.Src)
	if err := dev.Draw(dev.Bounds(), img, image.Point{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(dev, bus.Image().GrayAt(63, 0).Y, bus.Image().GrayAt(64, 0).Y)
	if err := dev.Halt(); err != nil {
		log.Fatal(err)
	}
	// Output: ssd1306{ssd1306(60)} 255 0
}

func ExampleNewSPI() {
	model := bustest.NewOLED(bustest.Glass{Chip: bustest.SH1106, Size: image.Pt(128, 64), Column: 2, Alternative: true}, 0, true)
	o := monoled.Opts{Chip: "sh1106", Size: image.Pt(128, 64), ColumnOffset: -1, Reset: model.Reset()}
	dev, err := monoled.NewSPI(model.SPI(), model.DC(), &o)
	if err != nil {
		log.Fatal(err)
	}
	if err := dev.Draw(dev.Bounds(), image.White, image.Point{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(dev.Bounds(), model.Image().GrayAt(127, 63).Y)
	// Output: (0,0)-(128,64) 255
}
