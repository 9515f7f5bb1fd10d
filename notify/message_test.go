package notify

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOneNoticeIsToldAsItIs(t *testing.T) {
	m := message{notices: []Notice{rolledBack()}}
	if m.title() != "shop/read-api: RolledBack" || m.text() != rolledBack().Message {
		t.Errorf("it is told as %q, %q", m.title(), m.text())
	}
}

func TestSeveralAreToldInALineEachAndTheRestIsCounted(t *testing.T) {
	var few, many []Notice
	for i := range 3 {
		few = append(few, notice(i))
	}
	few[1].Reason, few[1].Message = "Holding", "no verdict\n yet"
	want := "shop/canary-0: RolledBack: revision v2 was refused: errors 4% vs 1% & p95 < 1s\nshop/canary-1: Holding: no verdict yet\nshop/canary-2: RolledBack: revision v2 was refused: errors 4% vs 1% & p95 < 1s"
	if m := (message{notices: few}); m.title() != "3 messages: 1 Holding, 2 RolledBack" || m.text() != want {
		t.Errorf("a few are told as %q,\n%s", m.title(), m.text())
	}
	for i := range 300 {
		n := notice(i)
		n.Message = strings.Repeat("é", 5000)
		many = append(many, n)
	}
	m := message{notices: many}
	if text := m.text(); len(text) > mostText+100 || !utf8.ValidString(text) || !strings.HasSuffix(text, " more: 295 RolledBack") {
		t.Errorf("many are told in %d bytes, which end with %q", len(text), text[len(text)-60:])
	}
	if alone := (message{notices: many[:1]}).text(); len(alone) > mostAlone || !utf8.ValidString(alone) || !strings.HasSuffix(alone, " ...") {
		t.Errorf("a long one is told in %d bytes", len(alone))
	}
}
