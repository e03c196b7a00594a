package halfopen

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const patience = 10 * time.Second

// drops collects what a pacer drops.
type drops struct {
	mutex    sync.Mutex
	ordinals []int64
}

func (d *drops) add(ordinal int64) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.ordinals = append(d.ordinals, ordinal)
}

func (d *drops) all() []int64 {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return append([]int64{}, d.ordinals...)
}

func everyUs(count int, stepUs float64) schedule {
	var s schedule
	for index := range count {
		s.Ordinals = append(s.Ordinals, int64(index*2))
		s.AtUs = append(s.AtUs, float64(index)*stepUs)
		s.Request = append(s.Request, int64(index%3))
	}
	return s
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, patience, time.Millisecond, what)
}

// Goal: each arrival is handed to one virtual user, never before its moment, in its order, with its own request.
func TestPacerHandsOutEachArrivalOnceAndNeverEarly(t *testing.T) {
	t.Parallel()
	const count, step = 60, 2000.0
	var lost drops
	heights := make(chan int, 100)
	p := newPacer(everyUs(count, step), func(vus int) { heights <- vus }, lost.add)
	type taken struct{ ordinal, request, at int64 }
	got := make(chan taken, count)
	var users sync.WaitGroup
	for range 5 {
		users.Go(func() {
			for {
				next, ok := p.next(context.Background())
				if !ok {
					return
				}
				got <- taken{next.ordinal, next.request, now()}
			}
		})
	}
	for want := 1; want <= 5; want++ {
		require.Equal(t, want, <-heights, "each new height is told")
	}
	zero := now() + 20_000
	p.run(zero)
	users.Wait()
	close(got)
	seen := map[int64]bool{}
	for one := range got {
		index := one.ordinal / 2
		require.Equal(t, index%3, one.request)
		require.GreaterOrEqual(t, one.at, zero+int64(float64(index)*step), "arrival %d was early", index)
		require.False(t, seen[one.ordinal], "arrival %d came twice", index)
		seen[one.ordinal] = true
	}
	require.Len(t, seen, count-len(lost.all()), "handed out or dropped, never neither")
	require.Empty(t, heights, "a height that was reached before is not told again")
}

// Goal: the pacer waits for nobody: what no virtual user waits for is dropped at its moment.
func TestPacerDropsWhatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	var lost drops
	p := newPacer(everyUs(5, 1000), func(int) {}, lost.add)
	p.run(now())
	require.Equal(t, []int64{0, 2, 4, 6, 8}, lost.all())
	_, ok := p.next(context.Background())
	require.False(t, ok, "after the end there is nothing to wait for")
}

// Goal: who came last goes first, so that connections stay warm.
func TestPacerIsLastInFirstOut(t *testing.T) {
	t.Parallel()
	var waiting sync.WaitGroup
	reached := make(chan int, 3)
	p := newPacer(everyUs(3, 1000), func(vus int) { reached <- vus }, func(int64) {})
	order := make(chan int, 3)
	for user := range 3 {
		waiting.Go(func() {
			if next, ok := p.next(context.Background()); ok {
				require.Equal(t, int64(2*(2-user)), next.ordinal)
				order <- user
			}
		})
		require.Equal(t, user+1, <-reached)
	}
	p.run(now())
	waiting.Wait()
	require.Len(t, order, 3)
}

// Goal: a virtual user that must end is let go at once, and takes no arrival with it.
func TestPacerLetsAVirtualUserGo(t *testing.T) {
	t.Parallel()
	var lost drops
	reached := make(chan int, 1)
	p := newPacer(everyUs(1, 0), func(vus int) { reached <- vus }, lost.add)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan bool, 1)
	go func() {
		_, ok := p.next(ctx)
		ended <- ok
	}()
	<-reached
	cancel()
	require.False(t, <-ended)
	p.run(now())
	require.Equal(t, []int64{0}, lost.all(), "the arrival is dropped, not lost with the one who left")
}

// Goal: under any race of ends and arrivals each arrival is either taken or dropped.
func TestPacerKeepsCountWhileVirtualUsersEnd(t *testing.T) {
	t.Parallel()
	const count = 2000
	var lost, got drops
	p := newPacer(everyUs(count, 5), func(int) {}, lost.add)
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			for !p.isOver() {
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Microsecond)
				if next, ok := p.next(ctx); ok {
					got.add(next.ordinal)
				}
				cancel()
			}
		})
	}
	p.run(now())
	users.Wait()
	seen := map[int64]int{}
	for _, ordinal := range append(got.all(), lost.all()...) {
		seen[ordinal]++
	}
	require.Len(t, seen, count)
	for ordinal, times := range seen {
		require.Equal(t, 1, times, "ordinal %d", ordinal)
	}
}

// Goal: stop lets everybody go, and nothing is handed out or dropped afterwards.
func TestPacerStops(t *testing.T) {
	t.Parallel()
	var lost drops
	p := newPacer(everyUs(3, 3_600_000_000), func(int) {}, lost.add)
	ended := make(chan bool, 1)
	zero := now() + 3_600_000_000
	ran := make(chan struct{})
	go func() {
		p.run(zero)
		close(ran)
	}()
	go func() {
		_, ok := p.next(context.Background())
		ended <- ok
	}()
	waitFor(t, "somebody waits", func() bool {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		return len(p.waiting) == 1
	})
	p.stop()
	require.False(t, <-ended)
	<-ran
	require.Empty(t, lost.all())
}

// Goal: our clock is the machine's: what Node reads as hrtime.
func TestClockRunsForward(t *testing.T) {
	t.Parallel()
	before := now()
	at := time.Now()
	after := now()
	require.LessOrEqual(t, before, moment(at))
	require.LessOrEqual(t, moment(at), after)
	require.True(t, sleepUntil(now()+3000, nil))
	require.GreaterOrEqual(t, now(), after+3000)
}
