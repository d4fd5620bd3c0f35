package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// How much waits for a client that does not read, before it is let go to come back.
const mostWaiting = 4096

// By hand is net/http at its best: a message is encoded once, all clients share its bytes, each has a queue of them, and
// writes all that is in it before it flushes once. Nothing is dropped.
type byHand struct {
	keepalive bool
	mutex     sync.RWMutex
	topics    map[string]map[*queue]struct{}
	count     int
}

type queue struct {
	mutex   sync.Mutex
	waiting [][]byte
	isOver  bool
	wake    chan struct{}
}

func newByHand(keepalive bool) *byHand {
	return &byHand{keepalive: keepalive, topics: map[string]map[*queue]struct{}{}}
}

func (b *byHand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	flusher := w.(http.Flusher)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write([]byte(":\n\n"))
	flusher.Flush()

	q := &queue{wake: make(chan struct{}, 1)}
	defer b.join(r.URL.Query().Get("topic"), q)()
	var beats <-chan time.Time
	if b.keepalive {
		ticker := time.NewTicker(heartbeat)
		defer ticker.Stop()
		beats = ticker.C
	}
	gone := r.Context().Done()
	// Two slices take turns, so that a queue that was long once costs nothing again.
	var spare [][]byte
	for {
		select {
		case <-gone:
			return
		case <-beats:
			w.Write([]byte(":\n\n"))
		case <-q.wake:
			messages, isOver := q.take(spare)
			if isOver {
				return
			}
			for i, bytes := range messages {
				if _, err := w.Write(bytes); err != nil {
					return
				}
				messages[i] = nil
			}
			spare = messages
		}
		flusher.Flush()
	}
}

// join puts a client's queue under its topic, and returns what takes it away again.
func (b *byHand) join(topic string, q *queue) func() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.topics[topic] == nil {
		b.topics[topic] = map[*queue]struct{}{}
	}
	b.topics[topic][q] = struct{}{}
	b.count++
	return func() {
		b.mutex.Lock()
		defer b.mutex.Unlock()
		delete(b.topics[topic], q)
		b.count--
	}
}

func (b *byHand) publish(m message) {
	bytes := []byte(fmt.Sprintf("id: %s\ndata: %s\n\n", m.id, m.json()))
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	for q := range b.topics[m.topic] {
		q.put(bytes)
	}
}

func (b *byHand) size() int {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.count
}

func (q *queue) put(bytes []byte) {
	q.mutex.Lock()
	if len(q.waiting) == mostWaiting {
		q.isOver = true
	} else {
		q.waiting = append(q.waiting, bytes)
	}
	q.mutex.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take empties the queue, and leaves the spare slice in its place.
func (q *queue) take(spare [][]byte) ([][]byte, bool) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	messages := q.waiting
	q.waiting = spare[:0]
	return messages, q.isOver
}
