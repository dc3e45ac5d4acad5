package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-faster/errors"

	"github.com/edgevalue/edgevalue/internal/edgar/edgartest"
	"github.com/edgevalue/edgevalue/internal/sample"
)

const fakeHelp = "have syncs ask a server of this process over the sample filings, not EDGAR"

// fakeEDGAR serves the samples as EDGAR would until ctx ends, and has the configuration ask it.
func fakeEDGAR(ctx context.Context, cfg *Config, log *slog.Logger) error {
	if cfg.Environment != local {
		return errors.New("--fake is for the environment local")
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Wrap(err, "listen for EDGAR's place")
	}
	server := &http.Server{Handler: edgartest.New(sample.FS), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	url := "http://" + l.Addr().String()
	cfg.EdgarDataURL, cfg.EdgarFilesURL = url, url
	if cfg.EdgarUserAgent == "" {
		cfg.EdgarUserAgent = "Fake fake@example.com"
	}
	log.Info("EDGAR is not asked: the samples are served in its place", "address", url)
	return nil
}
