package halfopen

import (
	"context"
	"sync"
)

// schedule is what the harness has computed: arrivals by time since the load's start, in microseconds.
type schedule struct {
	Ordinals []int64   `json:"ordinals"`
	AtUs     []float64 `json:"atUs"`
	Request  []int64   `json:"request"`
}

// arrival is one of them, handed to a virtual user.
type arrival struct {
	ordinal int64
	request int64
}

// pacer owns a schedule: at each arrival's moment it hands the arrival to a virtual user that waits, or drops it if none does. It never
// waits for anybody: after a delay it catches up at once.
type pacer struct {
	schedule schedule
	// onWaiting is told whenever the number of those that wait has reached a new height.
	onWaiting func(vus int)
	// onDrop is told of an arrival that nobody took.
	onDrop func(ordinal int64)

	mutex sync.Mutex
	// waiting is a stack: who came last goes first, so that few connections are used and kept warm, as a pool would.
	waiting []chan arrival
	height  int
	over    chan struct{}
	once    sync.Once
}

func newPacer(s schedule, onWaiting func(int), onDrop func(int64)) *pacer {
	return &pacer{schedule: s, onWaiting: onWaiting, onDrop: onDrop, over: make(chan struct{})}
}

// run goes through the schedule, whose zero is zeroUs on the machine's monotonic clock; it returns when it is over or stopped.
func (p *pacer) run(zeroUs int64) {
	defer p.stop()
	for index, ordinal := range p.schedule.Ordinals {
		if !sleepUntil(zeroUs+int64(p.schedule.AtUs[index]), p.over) || p.isOver() {
			return
		}
		p.offer(arrival{ordinal: ordinal, request: p.schedule.Request[index]})
	}
}

func (p *pacer) isOver() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

// stop ends the schedule: whoever waits is let go.
func (p *pacer) stop() {
	p.once.Do(func() { close(p.over) })
}

func (p *pacer) offer(next arrival) {
	p.mutex.Lock()
	last := len(p.waiting) - 1
	if last < 0 {
		p.mutex.Unlock()
		p.onDrop(next.ordinal)
		return
	}
	taker := p.waiting[last]
	p.waiting[last] = nil
	p.waiting = p.waiting[:last]
	p.mutex.Unlock()
	taker <- next
}

// next waits for an arrival; false when there is none left, the schedule was stopped, or the virtual user must end.
func (p *pacer) next(ctx context.Context) (arrival, bool) {
	if p.isOver() || ctx.Err() != nil {
		return arrival{}, false
	}
	// Of capacity one: the pacer never waits for the taker.
	hand := make(chan arrival, 1)
	p.mutex.Lock()
	p.waiting = append(p.waiting, hand)
	if height := len(p.waiting); height > p.height {
		p.height = height
		p.onWaiting(height)
	}
	p.mutex.Unlock()
	select {
	case taken := <-hand:
		return taken, true
	case <-ctx.Done():
	case <-p.over:
	}
	return p.leave(ctx, hand)
}

// leave takes one that waits off the stack. What it was handed at that very moment is taken where it still can be, else dropped.
func (p *pacer) leave(ctx context.Context, hand chan arrival) (arrival, bool) {
	p.mutex.Lock()
	for index, other := range p.waiting {
		if other == hand {
			p.waiting = append(p.waiting[:index], p.waiting[index+1:]...)
			p.mutex.Unlock()
			return arrival{}, false
		}
	}
	p.mutex.Unlock()
	taken := <-hand
	if ctx.Err() == nil {
		return taken, true
	}
	p.onDrop(taken.ordinal)
	return arrival{}, false
}
