package app

import (
	"context"
)

// EchoArgs is the job of /utils/test-job.
type EchoArgs struct {
	Word string `json:"word"`
}

func (EchoArgs) Kind() string { return "echo" }

// StartTestJob enqueues a job that echoes a word, for a superuser, and returns its id. Errors: Unauthenticated,
// Forbidden, Invalid.
func (a *App) StartTestJob(ctx context.Context, actor Actor, word string) (id int64, err error) {
	if err := actor.superuser(); err != nil {
		return 0, err
	}
	var v validator
	v.text("/word", word)
	if err := v.err(); err != nil {
		return 0, err
	}
	return a.enqueue(ctx, EchoArgs{Word: word})
}
