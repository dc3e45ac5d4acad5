package api

import (
	"context"

	"github.com/edgevalue/edgevalue/gen/oas"
)

func (h *handler) SendTestEmail(ctx context.Context, req *oas.TestEmail) (*oas.Message, error) {
	if err := h.app.StartTestMail(ctx, actor(ctx), string(req.EmailTo)); err != nil {
		return nil, err
	}
	return &oas.Message{Message: "The test email is on its way."}, nil
}

func (h *handler) StartTestJob(ctx context.Context, req *oas.TestJob) (*oas.Job, error) {
	id, err := h.app.StartTestJob(ctx, actor(ctx), req.Word)
	return &oas.Job{ID: id}, err
}
