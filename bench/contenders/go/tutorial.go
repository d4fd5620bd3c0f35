package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// How much a client's channel holds. Whoever has not taken as much loses what comes then.
const buffered = 16

const heartbeat = 15 * time.Second

// The tutorial is how net/http is mostly shown to broadcast: a channel for each client, a registry under a mutex, and a
// select whose default drops what a client's channel has no room for.
type tutorial struct {
	keepalive bool
	mutex     sync.Mutex
	clients   map[chan event]string
}

type event struct {
	id   string
	data []byte
}

func newTutorial(keepalive bool) *tutorial {
	return &tutorial{keepalive: keepalive, clients: map[chan event]string{}}
}

func (t *tutorial) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	flusher, ok := w.(http.Flusher)
	if !ok {
		http.Error(w, "streaming is not supported", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	fmt.Fprint(w, ":\n\n")
	flusher.Flush()

	events := make(chan event, buffered)
	t.mutex.Lock()
	t.clients[events] = r.URL.Query().Get("topic")
	t.mutex.Unlock()
	defer func() {
		t.mutex.Lock()
		delete(t.clients, events)
		t.mutex.Unlock()
	}()

	var beats <-chan time.Time
	if t.keepalive {
		ticker := time.NewTicker(heartbeat)
		defer ticker.Stop()
		beats = ticker.C
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case e := <-events:
			fmt.Fprintf(w, "id: %s\ndata: %s\n\n", e.id, e.data)
			flusher.Flush()
		case <-beats:
			fmt.Fprint(w, ":\n\n")
			flusher.Flush()
		}
	}
}

func (t *tutorial) publish(m message) {
	e := event{m.id, m.json()}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for events, topic := range t.clients {
		if topic != m.topic {
			continue
		}
		select {
		case events <- e:
		default:
		}
	}
}

func (t *tutorial) size() int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return len(t.clients)
}
