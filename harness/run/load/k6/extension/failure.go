package halfopen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// failure is a call's end without a whole answer, in the words of the protocol.
type failure string

const (
	failedRefused  failure = "refused"
	failedReset    failure = "reset"
	failedTimeout  failure = "timeout"
	failedDNS      failure = "dns"
	failedTLS      failure = "tls"
	failedCanceled failure = "canceled"
	// failedOther: its message says more (no HTTP in the answer, no socket left on this machine).
	failedOther failure = "other"
)

//nolint:gochecknoglobals // A table.
var failureOfErrno = map[syscall.Errno]failure{
	syscall.ECONNREFUSED: failedRefused,
	syscall.EHOSTUNREACH: failedRefused,
	syscall.ENETUNREACH:  failedRefused,
	syscall.ECONNRESET:   failedReset,
	syscall.ECONNABORTED: failedReset,
	syscall.EPIPE:        failedReset,
	syscall.ETIMEDOUT:    failedTimeout,
}

// classify tells what an error of a call means for the one who asked.
func classify(err error) failure {
	var dns *net.DNSError
	if errors.As(err, &dns) && !dns.IsTimeout {
		return failedDNS
	}
	if isTLS(err) {
		return failedTLS
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if known, ok := failureOfErrno[errno]; ok {
			return known
		}
	}
	var network net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return failedTimeout
	case errors.Is(err, context.Canceled):
		return failedCanceled
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return failedReset
	}
	return classifyText(err.Error())
}

func isTLS(err error) bool {
	var (
		record      tls.RecordHeaderError
		verify      *tls.CertificateVerificationError
		alert       tls.AlertError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		certificate x509.CertificateInvalidError
	)
	return errors.As(err, &record) || errors.As(err, &verify) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &certificate) ||
		strings.Contains(err.Error(), "TLS handshake failure")
}

// classifyText reads what net/http and k6's dialer say in words only.
func classifyText(text string) failure {
	for _, known := range []struct {
		part string
		is   failure
	}{
		{"no such host", failedDNS},
		{"server closed idle connection", failedReset},
		{"tls: ", failedTLS},
	} {
		if strings.Contains(text, known.part) {
			return known.is
		}
	}
	return failedOther
}
