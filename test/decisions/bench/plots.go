package bench

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// safetyPlot and powerPlot are the names of the pictures' files.
const safetyPlot = "false-rollbacks.svg"

func powerPlot(world string, rate float64) string {
	return fmt.Sprintf("bad-requests-%s-%grps.svg", world, rate)
}

// Plots are the report's pictures by file name.
func (r Report) Plots() (map[string]func(io.Writer) error, error) {
	plots := map[string]func(io.Writer) error{}
	p, err := r.plotSafety()
	if err != nil {
		return nil, err
	}
	plots[safetyPlot] = svg(p, 34*vg.Centimeter, 12*vg.Centimeter)
	for _, name := range r.Power.names(func(c Cell) string { return c.World }) {
		for _, rate := range r.Form.Power.Rates {
			if p, err = r.plotPower(name, rate); err != nil {
				return nil, err
			}
			plots[powerPlot(name, rate)] = svg(p, 22*vg.Centimeter, 13*vg.Centimeter)
		}
	}
	return plots, nil
}

func svg(p *plot.Plot, width, height vg.Length) func(io.Writer) error {
	return func(out io.Writer) error {
		canvas := vgsvg.New(width, height)
		const margin = 3 * vg.Millimeter // labels at the edge stick out a little
		p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
		_, err := canvas.WriteTo(out)
		return err
	}
}

// palette of false rollbacks: kept the promise, missed it, missed it badly, useless.
type palette struct{}

func (palette) Colors() []color.Color {
	return []color.Color{
		color.RGBA{0xcf, 0xe8, 0xcf, 0xff}, color.RGBA{0xfb, 0xe8, 0xa6, 0xff}, color.RGBA{0xf4, 0xb1, 0x83, 0xff}, color.RGBA{0xd9, 0x6c, 0x5f, 0xff},
	}
}

// class of a share of false rollbacks, an index of the palette.
func class(share float64) float64 {
	switch {
	case share <= Limit:
		return 0
	case share <= 5*Limit:
		return 1
	case share <= 20*Limit:
		return 2
	}
	return 3
}

// board is the worst share of false rollbacks of each rule (row) in each world (column).
type board struct {
	rules, worlds []string
	shares        [][]float64
}

func (b board) Dims() (columns, rows int) { return len(b.worlds), len(b.rules) }
func (b board) Z(column, row int) float64 { return class(b.shares[row][column]) }
func (b board) X(column int) float64      { return float64(column) }
func (b board) Y(row int) float64         { return float64(row) }
func (b board) Len() int                  { return len(b.rules) * len(b.worlds) }
func (b board) XY(i int) (x, y float64) {
	return float64(i % len(b.worlds)), float64(i / len(b.worlds))
}

func (b board) Label(i int) string {
	return fmt.Sprintf("%.0f", 100*b.shares[i/len(b.worlds)][i%len(b.worlds)])
}

// plotSafety is a board of rules and worlds.
func (r Report) plotSafety() (*plot.Plot, error) {
	b := board{worlds: r.Safety.names(func(c Cell) string { return c.World })}
	rules := r.rules()
	for i := range rules {
		name := rules[len(rules)-1-i] // the first is on top
		row := make([]float64, 0, len(b.worlds))
		for _, w := range b.worlds {
			row = append(row, r.Safety.by(name).in(w).worst().Share.Estimate)
		}
		b.rules, b.shares = append(b.rules, name), append(b.shares, row)
	}
	p := plot.New()
	p.Title.Text = "Releases without a regression that were rolled back, worst traffic of each world, in %  (" + r.Version + ")"
	heat := plotter.NewHeatMap(b, palette{})
	heat.Min, heat.Max = 0, 3
	labels, err := plotter.NewLabels(b)
	if err != nil {
		return nil, fmt.Errorf("plot of false rollbacks: %w", err)
	}
	for i := range labels.TextStyle {
		labels.TextStyle[i].XAlign, labels.TextStyle[i].YAlign = draw.XCenter, draw.YCenter
	}
	p.Add(heat, labels)
	p.NominalX(b.worlds...)
	p.NominalY(b.rules...)
	p.X.Tick.Label.Rotation = math.Pi / 4
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YCenter
	return p, nil
}

// plotPower shows the bad requests of each regression, for Serin and rivals that are as safe.
func (r Report) plotPower(name string, rate float64) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("Bad requests too many, %s, %g requests a second  (%s)", name, rate, r.Version)
	p.X.Label.Text = "bad requests until the rollback; of a missed regression until an hour after the start"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Legend.Top = true
	cells := r.Power.in(name).where(func(c Cell) bool { return !c.Regression.Harmless && c.Rate == rate })
	regressions := cells.names(func(c Cell) string { return c.Regression.Name })
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.RingGlyph{}, draw.CrossGlyph{}}
	for i, rule := range r.equals() {
		var points plotter.XYs
		for y, regression := range regressions {
			if c, found := cells.by(rule).at(regression, rate); found {
				points = append(points, plotter.XY{X: max(1, c.Bad), Y: float64(len(regressions) - 1 - y)})
			}
		}
		scatter, err := plotter.NewScatter(points)
		if err != nil {
			return nil, fmt.Errorf("plot of %s: %w", rule, err)
		}
		scatter.Shape, scatter.Radius = shapes[i%len(shapes)], vg.Points(4)
		scatter.Color = tint(i)
		p.Add(scatter)
		p.Legend.Add(rule, scatter)
	}
	p.Add(plotter.NewGrid())
	reversed := make([]string, len(regressions))
	for i, n := range regressions {
		reversed[len(regressions)-1-i] = n
	}
	p.NominalY(reversed...)
	return p, nil
}

// tint tells rules apart, also for most who see colours differently (Okabe and Ito 2008, Color universal design).
func tint(i int) color.Color {
	tints := []color.RGBA{
		{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x00, 0x00, 0xff},
	}
	return tints[i%len(tints)]
}
