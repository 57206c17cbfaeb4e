// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

// oldestServer is the oldest SigNoz that has service accounts in usable form.
const oldestServer = "v0.118.0"

// addConfigError reports a mistake in the provider's configuration on the attribute it is in.
func addConfigError(diags *diag.Diagnostics, err error) {
	var config *signoz.ConfigError
	if !errors.As(err, &config) {
		diags.AddError("Invalid provider configuration", wording.Sentence(err.Error()))
		return
	}
	at := path.Empty()
	for name := range strings.SplitSeq(config.Field, ".") {
		at = at.AtName(name)
	}
	diags.AddAttributeError(at, "Invalid "+config.Field, wording.Sentence(config.Message))
}

// addError reports that something couldn't be done: summary names the object,
// the detail says why and what to do next.
func (s *session) addError(ctx context.Context, diags *diag.Diagnostics, summary string, err error) {
	cause, detail := s.diagnose(ctx, err)
	if signIn := (*signoz.SignInError)(nil); errors.As(err, &signIn) {
		summary = "Can't sign in to SigNoz" // replaces the caller's: no request can succeed
	}
	if cause != "" {
		summary += ": " + cause
	}
	diags.AddError(summary, detail)
}

// addProblem reports an error that comes with its own summary.
func (s *session) addProblem(ctx context.Context, diags *diag.Diagnostics, p *problem) {
	if p.detail != "" {
		diags.AddError(p.summary, p.detail)
		return
	}
	s.addError(ctx, diags, p.summary, p.err)
}

// explain turns a client's error into what a user can act on. SigNoz's own code
// and message stand at its end.
func (s *session) explain(ctx context.Context, err error) string {
	_, detail := s.diagnose(ctx, err)
	return detail
}

// diagnose explains an error. cause is a short form of detail for the summary, which is often all
// that a CI system shows.
func (s *session) diagnose(ctx context.Context, err error) (cause, detail string) {
	var (
		unresolved *signoz.UnresolvedError
		lost       *signoz.LostAnswerError
		signIn     *signoz.SignInError
		connection *signoz.ConnectionError
		answer     *signoz.Error
	)
	switch {
	case errors.As(err, &unresolved):
		cause, detail = "response lost", "SigNoz's response was lost, and it couldn't be found out whether the request was carried out. "+
			"Look in SigNoz for this object and any other that is named below. Import or delete what you find, then apply again."
	case errors.As(err, &lost) && lost.MayCome:
		cause, detail = "response lost", "SigNoz's response was lost. The request has left nothing behind so far, but a slow server may still carry it out. "+
			"Wait a minute, then look in SigNoz for an object of this name. Import or delete it if it exists, then apply again."
	case errors.As(err, &lost):
		cause, detail = "response lost", "SigNoz's response was lost, and the request has left nothing behind. Apply again."
	case errors.As(err, &signIn):
		return "", explainSignIn(signIn)
	case errors.As(err, &connection):
		cause, detail = string(connection.Problem), strings.ReplaceAll(connectionAdvice[connection.Problem], "{endpoint}", s.client.Endpoint())
	case errors.Is(err, signoz.ErrNoRoleCall), signoz.IsWebPage(err):
		cause, detail = "HTML instead of JSON", s.explainWebPage(ctx, err)
	case errors.As(err, &answer):
		cause, detail = s.digest(answer), s.explainAnswer(answer, err)
	case errors.Is(err, context.Canceled):
		return "", "The run was canceled."
	}
	if detail == "" {
		return cause, wording.Sentence(err.Error())
	}
	return cause, detail + quote(err)
}

// digest is an answer in a few words.
func (s *session) digest(answer *signoz.Error) string {
	switch {
	case answer.Status == http.StatusUnauthorized && !s.client.SignsAsUser():
		return "API key rejected (401)"
	case answer.Code != "":
		return fmt.Sprintf("%s (%d)", answer.Code, answer.Status)
	}
	return fmt.Sprintf("status %d", answer.Status)
}

// explainAnswer returns "" if SigNoz's own message needs no explanation.
func (s *session) explainAnswer(e *signoz.Error, err error) string {
	switch e.Status {
	case http.StatusUnauthorized:
		if s.client.SignsAsUser() {
			return "SigNoz rejected the user's session (401). Check `email` and `password`."
		}
		return "SigNoz rejected the API key (401); it doesn't report why. In Settings → Service Accounts, check that the key exists, hasn't expired, and that its account isn't deleted. Check that `endpoint` is the server that issued the key. If a proxy adds an Authorization header, SigNoz ignores the key. " +
			"The key comes from `api_key`, " + envAPIKey + " or " + envAccessToken + "."
	case http.StatusForbidden:
		return s.explainForbidden(err)
	case http.StatusTooManyRequests:
		return "SigNoz kept returning 429 (too many requests) until the retry time ran out. Apply again with terraform apply -parallelism=2, or raise `max_retries`."
	}
	switch {
	case signoz.IsAccountNotFound(e):
		return "SigNoz has no service account with this id, or it was deleted. Check the id; if the account was deleted meanwhile, plan again."
	case signoz.IsNotFound(e):
		return "The object was removed in SigNoz after this plan was made. Plan again."
	case signoz.IsInvalidID(e):
		return "SigNoz's IDs are UUIDs, and this isn't one. Use the `id` of the object, not its name."
	case e.Status >= 500:
		return "SigNoz, or a proxy in front of it, returned a server error on every attempt. Check the SigNoz logs, then apply again."
	case signoz.IsInvalidInput(e):
		return "SigNoz rejected a value in the request: a name that this version doesn't allow (v0.118 allows no digits), or an expiry that has passed since the plan was made. In the latter case, plan again."
	case e.Status >= 400 && e.Code == "":
		return fmt.Sprintf("The response didn't come from SigNoz: a gateway or proxy at %s doesn't forward the request. Check `endpoint` or %s (http:// or https://, host and port), and the gateway's routes.", s.client.Endpoint(), envEndpoint)
	}
	return ""
}

// explainForbidden names the missing permission, where SigNoz does, and the role that has them all.
func (s *session) explainForbidden(err error) string {
	who, how := "The service account whose key the provider uses", "use a key of an account that has it, or assign it to this account"
	if s.client.SignsAsUser() {
		who, how = "The user that the provider signs in as", "sign in as a user who has it"
	}
	permission, resource, ok := signoz.MissingPermission(err)
	if !ok {
		return fmt.Sprintf("%s may not do this. Service accounts, keys and roles need the role signoz-admin: %s.", who, how)
	}
	return fmt.Sprintf("%s lacks the permission %s on %s. The simple way is the role signoz-admin, which has all permissions: %s. Where SigNoz has custom roles, one with this permission will do; "+
		"SigNoz names one missing permission at a time, so others may follow.", who, permission, resource, how)
}

// explainWebPage asks the server for its version, to tell an endpoint that
// isn't SigNoz from a SigNoz that is too old or too new, and from one whose proxy
// doesn't let the request through.
func (s *session) explainWebPage(ctx context.Context, err error) string {
	var page *signoz.Error
	refused := errors.As(err, &page) && page.Status >= 400 && page.Status != http.StatusNotFound && page.Status != http.StatusMethodNotAllowed
	version, versionErr := s.client.ServerVersion(ctx)
	switch {
	case refused && versionErr == nil:
		return fmt.Sprintf("The response was HTML instead of JSON, with status %d: a proxy or firewall in front of SigNoz (%s) refused the request. "+
			"Allow %s %s there, or configure what it asks for (`headers`, `tls`).", page.Status, version, page.Method, page.Path)
	case refused:
		return fmt.Sprintf("The response was HTML instead of JSON, with status %d. Either a proxy or firewall refuses the requests: allow them there, or configure what it asks for (`headers`, `tls`). Or %s isn't SigNoz's URL: check `endpoint` or %s.",
			page.Status, s.client.Endpoint(), envEndpoint)
	case ctx.Err() != nil:
		return "The response was HTML instead of JSON, and the run was canceled before the provider found out why."
	case versionErr != nil:
		return fmt.Sprintf("%s returned HTML instead of JSON, so it isn't SigNoz's URL: it may be another service, miss the base path, or be a proxy's login page. "+
			"Set `endpoint` or %s to the URL at which you open SigNoz in a browser, without the path of a page such as /settings.", s.client.Endpoint(), envEndpoint)
	}
	return fmt.Sprintf("SigNoz %s doesn't have this API endpoint: it is too old or too new for this provider version, which supports %s and later. Upgrade SigNoz or the provider.",
		version, oldestServer)
}

// connectionAdvice says of each way in which a connection fails what it means and what to do.
var connectionAdvice = map[signoz.ConnectionProblem]string{
	signoz.ProblemRefused:     "Connection refused at {endpoint}. Check the host and port in `endpoint` or " + envEndpoint + ", and that SigNoz is running.",
	signoz.ProblemHostUnknown: "The host name in {endpoint} can't be resolved. Check `endpoint` or " + envEndpoint + " for a typing mistake, and check that this machine can resolve the name (VPN, private DNS).",
	signoz.ProblemTimeout:     "{endpoint} didn't respond in time. Check that this machine can reach it (firewall, VPN). If the server is slow, raise `request_timeout`.",
	signoz.ProblemCancelled:   "The run was canceled before SigNoz responded.",
	signoz.ProblemUntrusted:   "The certificate of {endpoint} wasn't issued by an authority that this machine trusts. If you use a private authority, trust it: tls = { ca_certificate = file(\"ca.pem\") }.",
	signoz.ProblemWrongHost:   "The certificate of {endpoint} is for another host. Use the name that the certificate is for in `endpoint`, or give the server the right certificate.",
	signoz.ProblemExpired:     "The certificate of {endpoint} has expired or isn't valid yet. Renew it on the server; check this machine's clock too.",
	signoz.ProblemProxy:       "The proxy that this machine uses for {endpoint} can't be reached, or refuses the connection. Check the environment variables HTTPS_PROXY and HTTP_PROXY (and the user and password in them), or add the host to NO_PROXY if it should be reached directly.",
	signoz.ProblemClientCert:  "{endpoint} refused the TLS connection: it requires a client certificate, or rejects the one that the provider sent. Check tls.client_certificate and tls.client_key.",
	signoz.ProblemTLS:         "{endpoint} and the provider can't agree on a TLS connection. The server, or the proxy in front of it, must offer TLS 1.2 or newer for the host name in `endpoint`; some servers refuse clients without a client certificate in this way (tls.client_certificate).",
	signoz.ProblemPlainHTTP:   "The server at {endpoint} doesn't speak TLS at this port. Check the port in `endpoint`; a server on this machine may need http://.",
	signoz.ProblemRedirect:    "{endpoint} redirects to another host. The provider doesn't follow, so that the API key reaches no other host. Set `endpoint` or " + envEndpoint + " to the final URL.",
	signoz.ProblemTooLarge:    "The response from {endpoint} is larger than any that SigNoz sends. Check that `endpoint` is SigNoz.",
	signoz.ProblemOther:       "The connection to {endpoint} failed on every attempt.",
}

func explainSignIn(e *signoz.SignInError) string {
	switch e.Problem {
	case signoz.SignInWrongPassword:
		return fmt.Sprintf("SigNoz refused to sign in %s: the password is wrong, or this organization has no such user. Check `email` and `password`, or %s and %s. %s", e.Email, envEmail, envPassword, quote(e.Err))
	case signoz.SignInUnknownUser:
		return fmt.Sprintf("SigNoz knows no user %s. Check `email` or %s, and that `endpoint` is the right SigNoz server. A new server has no users: create the first one as the guide Bootstrap a new SigNoz server shows.", e.Email, envEmail)
	case signoz.SignInSeveralOrgs:
		return fmt.Sprintf("%s is in several organizations. Set `org_id` or %s to one of: %s.", e.Email, envOrgID, organizations(e.Orgs))
	case signoz.SignInUnknownOrg:
		return fmt.Sprintf("%s is in no organization with the ID %s. Set `org_id` or %s to one of: %s.", e.Email, e.OrgID, envOrgID, organizations(e.Orgs))
	case signoz.SignInInvalidEmail:
		return fmt.Sprintf("SigNoz doesn't accept %q as an email address. Check `email` or %s. %s", e.Email, envEmail, quote(e.Err))
	case signoz.SignInNoPassword:
		return fmt.Sprintf("%s signs in through single sign-on (SSO) only, which needs a browser. Sign in as a user with a password, or create a key in the SigNoz UI under Settings → Service Accounts and set `api_key`.", e.Email)
	}
	return wording.Sentence(e.Error())
}

func organizations(orgs []signoz.Organisation) string {
	names := make([]string, len(orgs))
	for i, o := range orgs {
		names[i] = fmt.Sprintf("%s (%s)", o.ID, o.Name)
	}
	return strings.Join(names, ", ")
}

// quote puts the error itself, at the end of an explanation.
func quote(err error) string {
	if err == nil {
		return ""
	}
	return "\n\n" + wording.Sentence(err.Error())
}
