package servertest

import (
	"context"

	"github.com/go-faster/errors"
	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/edgevalue/edgevalue/gen/oas"
)

// samples is how many files dev imports at its first start.
const samples = 6

type token string

func (t token) OAuth2PasswordBearer(context.Context, oas.OperationName) (oas.OAuth2PasswordBearer, error) {
	return oas.OAuth2PasswordBearer{Token: string(t)}, nil
}

func (t token) ApiKey(context.Context, oas.OperationName) (oas.ApiKey, error) {
	return oas.ApiKey{}, ogenerrors.ErrSkipClientSecurity
}

// imported returns an error while there are samples to import.
func (s *Server) imported(ctx context.Context) error {
	if s.token == "" {
		c, err := oas.NewClient(s.URL+"/api/v1", token(""))
		if err != nil {
			return err
		}
		got, err := c.CreateAccessToken(ctx, &oas.AccessTokenForm{Username: s.Superuser, Password: s.Password})
		if err != nil {
			return err
		}
		s.token = token(got.AccessToken)
	}
	c, err := oas.NewClient(s.URL+"/api/v1", s.token)
	if err != nil {
		return err
	}
	list, err := c.ListImports(ctx, oas.ListImportsParams{})
	if err != nil {
		return err
	}
	done := 0
	for _, im := range list.Items {
		switch im.State {
		case oas.ImportStateSucceeded:
			done++
		case oas.ImportStateFailed, oas.ImportStateCancelled:
			return errors.Errorf("import of %s: %s", im.FileName.Value, im.Error.Value)
		case oas.ImportStateQueued, oas.ImportStateRunning, oas.ImportStateUnchanged:
		}
	}
	if done < samples {
		return errors.Errorf("%d of %d samples are imported", done, samples)
	}
	return nil
}
