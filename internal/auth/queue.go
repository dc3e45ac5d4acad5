package auth

import "sync"

// A Queue bounds how many wait: in all, and of one client. It is safe for concurrent use; its bounds are not to be
// changed after the first call.
type Queue struct {
	Waiting, PerClient int

	mu       sync.Mutex
	all      int
	byClient map[string]int
}

// Enter takes a place for a client, and reports whether there was one. Who has a place must leave.
func (q *Queue) Enter(client string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.all >= q.Waiting || q.byClient[client] >= q.PerClient {
		return false
	}
	if q.byClient == nil {
		q.byClient = map[string]int{}
	}
	q.all++
	q.byClient[client]++
	return true
}

// Leave gives back a client's place.
func (q *Queue) Leave(client string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all--
	if q.byClient[client]--; q.byClient[client] == 0 {
		delete(q.byClient, client)
	}
}
