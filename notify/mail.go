package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/email/smtp"
	"github.com/wneessen/go-mail"
	mailsmtp "github.com/wneessen/go-mail/smtp"
)

// mailSender reads its URL as Shoutrrr does. It sends by another library: that one has templates, see [genericSender], and no deadline once it is connected.
type mailSender struct{ config smtp.Config }

func newMail(u *url.URL, _ web) (sender, error) {
	config := smtp.Config{
		Port: smtp.DefaultSMTPPort, Auth: smtp.AuthTypes.Unknown, Encryption: smtp.EncMethods.Auto, UseStartTLS: true, ClientHost: "localhost",
		Timeout: smtp.DefaultTimeout * time.Second,
	}
	switch {
	case overridden(u, "skiptlsverify"):
		return nil, errUnverified
	case config.SetURL(u) != nil, u.Hostname() == "", config.UseHTML:
		return nil, errNotSo
	}
	config.FixEmailTags()
	s := mailSender{config}
	if _, err := s.client(context.Background()); err != nil {
		return nil, errNotSo
	}
	if _, err := s.mails(message{notices: []Notice{{}}}); err != nil {
		return nil, errNotSo
	}
	return s, nil
}

func (mailSender) gathers() bool { return true }

// dialer opens connections that end with a context. The library leaves a connection open when something goes wrong.
func (s mailSender) dialer(sending context.Context, security *tls.Config) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dial := (&net.Dialer{}).DialContext
		if s.securedFromStart() {
			dial = (&tls.Dialer{Config: security}).DialContext
		}
		conn, err := dial(ctx, network, address)
		if err == nil {
			context.AfterFunc(sending, func() { _ = conn.Close() })
		}
		return conn, err
	}
}

func (s mailSender) securedFromStart() bool {
	c := s.config
	return c.Encryption == smtp.EncMethods.ImplicitTLS || c.Encryption == smtp.EncMethods.Auto && c.Port == smtp.ImplicitTLSPort
}

// client speaks TLS from the start on port 465, and else as soon as the server offers it. What it opens is closed when the context ends.
func (s mailSender) client(sending context.Context) (*mail.Client, error) {
	c, security := s.config, &tls.Config{ServerName: s.config.Host, MinVersion: tls.VersionTLS12}
	options := []mail.Option{
		mail.WithPort(int(c.Port)), mail.WithTimeout(c.Timeout), mail.WithHELO(c.ClientHost), mail.WithTLSConfig(security),
		mail.WithDialContextFunc(s.dialer(sending, security)),
	}
	switch {
	case s.securedFromStart():
		options = append(options, mail.WithSSL())
	case c.RequireStartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case c.UseStartTLS && c.Encryption != smtp.EncMethods.None:
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if kind := s.auth(); kind != mail.SMTPAuthNoAuth {
		options = append(options, mail.WithSMTPAuth(kind), mail.WithUsername(c.Username), mail.WithPassword(c.Password))
	}
	return mail.NewClient(c.Host, options...)
}

func (s mailSender) auth() mail.SMTPAuthType {
	switch s.config.Auth {
	case smtp.AuthPlain:
		return mail.SMTPAuthPlain
	case smtp.AuthCRAMMD5:
		return mail.SMTPAuthCramMD5
	case smtp.AuthOAuth2:
		return mail.SMTPAuthXOAUTH2
	case smtp.AuthUnknown:
		if s.config.Username != "" {
			return mail.SMTPAuthPlain
		}
	case smtp.AuthNone:
	}
	return mail.SMTPAuthNoAuth
}

// mails are one for each reader, so that one who is refused keeps it from no other.
func (s mailSender) mails(m message) ([]*mail.Msg, error) {
	all := make([]*mail.Msg, 0, len(s.config.ToAddresses))
	for i, to := range s.config.ToAddresses {
		msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
		if err := errors.Join(msg.FromFormat(s.config.FromName, s.config.FromAddress), msg.To(to)); err != nil {
			return nil, err
		}
		subject := m.title()
		if s.config.Subject != "" {
			subject = s.config.Subject
		}
		msg.Subject(subject)
		msg.SetDate()
		_, domain, _ := strings.Cut(s.config.FromAddress, "@")
		msg.SetMessageIDWithValue(fmt.Sprintf("%s.%d@%s", m.id(), i, domain)) // the same fact sent again is the same mail
		msg.SetBodyString(mail.TypeTextPlain, m.text())
		all = append(all, msg)
	}
	return all, nil
}

func (s mailSender) send(ctx context.Context, m message) error {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	client, err := s.client(ctx)
	if err != nil {
		return unsendable()
	}
	mails, err := s.mails(m)
	if err != nil {
		return unsendable()
	}
	err = client.DialAndSendWithContext(ctx, mails...)
	for _, msg := range mails {
		if !msg.IsDelivered() {
			return undelivered(msg, err)
		}
	}
	return nil // A server that took all mails and then failed to say goodbye has taken them.
}

// undelivered is why a mail was not, or all were not, taken.
func undelivered(msg *mail.Msg, err error) error {
	var why *mail.SendError
	switch {
	case errors.Is(err, mailsmtp.ErrUnencrypted):
		return &failure{text: "the mail server offers no TLS, and a password is not sent without it"}
	case errors.As(msg.SendError(), &why) && why.ErrorCode() > 0:
		return &failure{text: fmt.Sprintf("the mail server answered %d", why.ErrorCode()), again: why.ErrorCode() < 500}
	case errors.As(msg.SendError(), &why):
		return &failure{text: "the connection to the mail server broke", again: true}
	}
	return told(err, unsendable())
}
