package docs

import "testing"

func TestWhatAPageShowsIsComparedWithWhatWasSaid(t *testing.T) {
	const said = "NAME       PHASE    WEIGHT\nread-api   Idle     10\nother      Failed   0\n"
	for name, tc := range map[string]struct {
		shown string
		same  bool
	}{
		"the very words":                 {said, true},
		"other spaces":                   {"NAME PHASE WEIGHT\nread-api Idle 10\nother Failed 0", true},
		"another number":                 {"NAME PHASE WEIGHT\nread-api Idle 99\nother Failed 1", true},
		"another word":                   {"NAME PHASE WEIGHT\nread-api Failed 10\nother Failed 0", false},
		"a line too many":                {said + "more\n", false},
		"a line that is missing":         {"NAME PHASE WEIGHT\nread-api Idle 10", false},
		"a word that is missing":         {"NAME PHASE\nread-api Idle 10\nother Failed 0", false},
		"the beginning":                  {"NAME PHASE WEIGHT\n...", true},
		"the end":                        {"...\nother Failed 0", true},
		"the middle":                     {"...\nread-api Idle 1\n...", true},
		"beginnings of lines":            {"NAME ...\nread-api ...\nother Failed ...", true},
		"lines in another order":         {"...\nother Failed 0\nread-api Idle 10", false},
		"what was left out was not said": {"...\nnowhere\n...", false},
		"nothing":                        {"", false},
		"everything left out":            {"...", true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Same(tc.shown, said); (err == nil) != tc.same {
				t.Errorf("got %v", err)
			}
		})
	}
}
