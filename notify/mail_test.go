package notify

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// mailServer is a stand-in of a mail server, over TCP, as RFC 5321 has it.
type mailServer struct {
	net.Listener
	// certificate lets it offer STARTTLS; nil for none.
	certificate *tls.Certificate
	// refuse answers the command that begins so; hang answers nothing at all.
	refuse map[string]string
	hang   bool
	// fromStart speaks TLS from the first byte.
	fromStart bool

	mu    sync.Mutex
	mails []string
	users []string
	lines []int // of the longest line of each mail
}

func newMailServer(t *testing.T, s *mailServer) *mailServer {
	t.Helper()
	var err error
	if s.Listener, err = net.Listen("tcp", "0.0.0.0:0"); err != nil {
		t.Fatal(err)
	}
	var conversations sync.WaitGroup
	stop := make(chan struct{})
	conversations.Go(func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			conversations.Go(func() {
				defer c.Close()
				if s.hang {
					<-stop
					return
				}
				if s.fromStart {
					c = tls.Server(c, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*s.certificate}})
				}
				s.converse(c)
			})
		}
	})
	t.Cleanup(func() { close(stop); s.Close(); conversations.Wait() })
	return s
}

func (s *mailServer) converse(c net.Conn) {
	text := textproto.NewConn(c)
	say := func(format string, args ...any) { _ = text.PrintfLine(format, args...) }
	say("220 mail.example ESMTP")
	var to []string
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		no, ok := s.refuse[line]
		if !ok {
			no, ok = s.refuse[verb]
		}
		if ok {
			say("%s", no)
			continue
		}
		switch strings.ToUpper(verb) {
		case "EHLO":
			if s.certificate != nil {
				say("250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN")
			} else {
				say("250-mail.example\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go ahead")
			secured := tls.Server(c, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*s.certificate}})
			if secured.Handshake() != nil {
				return
			}
			c, text = secured, textproto.NewConn(secured)
		case "AUTH":
			_, encoded, _ := strings.Cut(rest, " ")
			user, _ := base64.StdEncoding.DecodeString(encoded)
			s.mu.Lock()
			s.users = append(s.users, strings.ReplaceAll(string(user), "\x00", "|"))
			s.mu.Unlock()
			say("235 welcome")
		case "MAIL":
			to = nil
			say("250 ok")
		case "RCPT":
			to = append(to, rest)
			say("250 ok")
		case "DATA":
			say("354 go on")
			mail, err := text.ReadDotBytes()
			if err != nil {
				return
			}
			s.keep(to, string(mail))
			say("250 taken")
		case "NOOP", "RSET":
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 what?")
		}
	}
}

func (s *mailServer) keep(to []string, mail string) {
	longest := 0
	lines := bufio.NewScanner(strings.NewReader(mail))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		longest = max(longest, len(lines.Text()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails, s.lines = append(s.mails, strings.Join(to, ",")+"\n"+mail), append(s.lines, longest)
}

func (s *mailServer) url(t *testing.T, user string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("smtp://%s127.0.0.1:%s/?from=serin@example.com&to=a@example.com,b@example.com", user, port)
}

func TestMailReachesEachOfItsReaders(t *testing.T) {
	s := newMailServer(t, &mailServer{})
	sender, err := newService(s.url(t, ""), web{})
	if err != nil {
		t.Fatal(err)
	}
	long := rolledBack()
	long.Message = strings.Repeat("errors 4% vs 1%; ", 200)
	for _, n := range []Notice{rolledBack(), long} {
		if err := sender.send(t.Context(), withLink(t, n)); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.mails) != 4 {
		t.Fatalf("%d mails came: %q", len(s.mails), s.mails)
	}
	for i, to := range []string{"TO:<a@example.com>", "TO:<b@example.com>"} {
		got := s.read(t, i)
		want := readMail{
			to: to, subject: "[prod-eu] shop/read-api: RolledBack", from: "<serin@example.com>", id: fmt.Sprintf("<5f1d.%d@example.com>", i),
			text: "revision v2 was refused: errors 4% vs 1% & p95 < 1s\n" + toRead,
		}
		if got != want {
			t.Errorf("the mail is\n%+v, want\n%+v", got, want)
		}
	}
	if s.lines[2] > 998 {
		t.Errorf("a line has %d characters, and a mail server takes 998", s.lines[2])
	}
	if got := s.read(t, 2).text; got != long.Message+"\n"+toRead {
		t.Errorf("the long message became\n%s", got)
	}
}

// readMail is a mail as its reader sees it.
type readMail struct{ to, subject, from, id, text string }

func (s *mailServer) read(t *testing.T, i int) readMail {
	t.Helper()
	to, raw, _ := strings.Cut(s.mails[i], "\n")
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if how := m.Header.Get("Content-Transfer-Encoding"); how != "quoted-printable" {
		t.Errorf("the text is encoded as %q", how)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	return readMail{to, m.Header.Get("Subject"), m.Header.Get("From"), m.Header.Get("Message-Id"), strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")}
}

func TestAServerThatTookTheMailAndFailsToSayGoodbyeHasTakenIt(t *testing.T) {
	s := newMailServer(t, &mailServer{refuse: map[string]string{"QUIT": "421 hunter2hunter2", "RSET": "421 hunter2hunter2"}})
	sender, err := newService(strings.TrimSuffix(s.url(t, ""), ",b@example.com"), web{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.send(t.Context(), withLink(t, rolledBack())); err != nil || len(s.mails) != 1 {
		t.Errorf("it says %v, and has %d mails", err, len(s.mails))
	}
}

func TestOneReaderWhoIsRefusedKeepsTheMailFromNoOther(t *testing.T) {
	s := newMailServer(t, &mailServer{refuse: map[string]string{"RCPT TO:<a@example.com>": "550 hunter2hunter2"}})
	sender, err := newService(s.url(t, ""), web{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.send(t.Context(), withLink(t, rolledBack())); fmt.Sprint(err) != "the mail server answered 550" || len(s.mails) != 1 || s.read(t, 0).to != "TO:<b@example.com>" {
		t.Errorf("it says %v, and has %q", err, s.mails)
	}
}

func TestAPasswordGoesToNobodyWithoutTLS(t *testing.T) {
	for option, want := range map[string]string{"&requirestarttls=yes": "it did not take the message, or the service can't send it", "": "the mail server offers no TLS, and a password is not sent without it"} {
		s := newMailServer(t, &mailServer{})
		address := strings.Replace(s.url(t, "me:hunter2hunter2@"), "127.0.0.1", "127.0.0.2", 1) // which the library does not take for this machine
		sender, err := newService(address+option, web{})
		if err != nil {
			t.Fatal(err)
		}
		if err := sender.send(t.Context(), withLink(t, rolledBack())); fmt.Sprint(err) != want || len(s.users) > 0 {
			t.Errorf("with %q it says %v, and told %q", option, err, s.users)
		}
	}
}

// trusting is the folder with a certificate that the process trusts, and its key.
const trusting = "SERIN_TEST_TRUSTED"

// TestMailTellsAPasswordToATrustedServerOnly runs itself once more with the authority of the stand-in as the system's: a process reads the system's authorities once.
func TestMailTellsAPasswordToATrustedServerOnly(t *testing.T) {
	folder := os.Getenv(trusting)
	if folder == "" {
		folder = t.TempDir()
		certificate := selfSigned(t, "localhost")
		key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		writePEM(t, filepath.Join(folder, "tls.crt"), "CERTIFICATE", certificate.Certificate[0])
		writePEM(t, filepath.Join(folder, "tls.key"), "PRIVATE KEY", key)
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
		again.Env = append(os.Environ(), trusting+"="+folder, "SSL_CERT_FILE="+filepath.Join(folder, "tls.crt"))
		if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+"/a_server_that_is_trusted") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	certificate, err := tls.LoadX509KeyPair(filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	stranger := selfSigned(t, "elsewhere.example")
	for name, c := range map[string]struct {
		certificate *tls.Certificate
		fromStart   bool
		want        string
	}{
		"a server that is trusted":              {&certificate, false, "<nil>"},
		"one that begins with TLS":              {&certificate, true, "<nil>"},
		"a server with another's name":          {&stranger, false, "its certificate is not trusted: set SSL_CERT_FILE to a file with the authority's"},
		"another's name, that begins with TLS":  {&stranger, true, "its certificate is not trusted: set SSL_CERT_FILE to a file with the authority's"},
		"a server without any, on this machine": {nil, false, "<nil>"}, // where a password may go as it is
	} {
		t.Run(name, func(t *testing.T) {
			s := newMailServer(t, &mailServer{certificate: c.certificate, fromStart: c.fromStart})
			address := s.url(t, "me:hunter2hunter2@")
			if c.fromStart {
				address += "&encryption=ImplicitTLS"
			}
			sender, err := newService(address, web{})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(sender.send(t.Context(), withLink(t, rolledBack()))); got != c.want {
				t.Errorf("it says %s, want %s", got, c.want)
			}
			if c.want == "<nil>" && (len(s.users) != 1 || s.users[0] != "|me|hunter2hunter2") || c.want != "<nil>" && len(s.users) != 0 {
				t.Errorf("it was told %q", s.users)
			}
		})
	}
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAMailServerThatRefusesIsToldByItsCodeAlone(t *testing.T) {
	for name, c := range map[string]struct {
		of    *mailServer
		want  string
		again bool
	}{
		"it knows no such reader":       {&mailServer{refuse: map[string]string{"RCPT": "550 hunter2hunter2 is not here"}}, "the mail server answered 550", false},
		"it is busy":                    {&mailServer{refuse: map[string]string{"MAIL": "451 hunter2hunter2 later"}}, "the mail server answered 451", true},
		"it does not take the password": {&mailServer{refuse: map[string]string{"AUTH": "535 hunter2hunter2 is wrong"}}, "the mail server answered 535", false},
		"it does not take what is said": {&mailServer{refuse: map[string]string{"DATA": "554 hunter2hunter2"}}, "the mail server answered 554", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newMailServer(t, c.of)
			sender, err := newService(s.url(t, "me:hunter2hunter2@"), web{})
			if err != nil {
				t.Fatal(err)
			}
			err = sender.send(t.Context(), withLink(t, rolledBack()))
			why, ok := err.(*failure) //nolint:errorlint // that it is one, and wraps nothing, is what is tested
			if !ok || why.text != c.want || why.again != c.again {
				t.Errorf("it says %#v, want %s, again %v", err, c.want, c.again)
			}
		})
	}
	nobody := newMailServer(t, &mailServer{})
	address := nobody.url(t, "")
	nobody.Close()
	sender, err := newService(address, web{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.send(t.Context(), withLink(t, rolledBack())); err == nil || err.Error() != "nobody answers at its address" {
		t.Errorf("of nobody it says %v", err)
	}
}

func TestAMailServerThatHangsIsGivenUp(t *testing.T) {
	s := newMailServer(t, &mailServer{hang: true})
	o := newOffice(t, "receivers: [{name: mail, url: '"+s.url(t, "")+"&timeout=10m'}]")
	o.start()
	o.Tell(rolledBack())
	o.pass("it to be given up", sendTimeout/6, func() bool { return o.counted("mail") == "sent 0 failed 1 dropped 0" })
	eventually(t, "no attempt to hang", func() bool { return len((*o.workers.Load())[0].hanging) == 0 })
}
