package halfopen

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Goal: an error means what it means to the builtin driver, however net/http has wrapped it.
func TestClassify(t *testing.T) {
	t.Parallel()
	dial := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
	}
	for _, row := range []struct {
		err  error
		want failure
	}{
		{dial(syscall.ECONNREFUSED), failedRefused},
		{dial(syscall.EHOSTUNREACH), failedRefused},
		{dial(syscall.ETIMEDOUT), failedTimeout},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, failedReset},
		{fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", syscall.EPIPE), failedReset},
		{&url.Error{Op: "Get", Err: io.EOF}, failedReset},
		{io.ErrUnexpectedEOF, failedReset},
		{errors.New("http: server closed idle connection"), failedReset},
		{errResent, failedReset},
		{&url.Error{Op: "Get", Err: context.DeadlineExceeded}, failedTimeout},
		{context.Canceled, failedCanceled},
		{&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}, failedDNS},
		{errors.New("lookup nowhere.invalid: no such host"), failedDNS},
		{x509.UnknownAuthorityError{}, failedTLS},
		{errors.New("remote error: tls: handshake failure"), failedTLS},
		{errors.New(`malformed HTTP status code "abc"`), failedOther},
		{dial(syscall.EMFILE), failedOther},
	} {
		require.Equal(t, row.want, classify(row.err), "%v", row.err)
	}
}
