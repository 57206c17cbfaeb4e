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
)

// oldestServer is the oldest SigNoz that has service accounts in usable form.
const oldestServer = "v0.118.0"

// addConfigError reports a mistake in the provider's configuration on the attribute it is in.
func addConfigError(diags *diag.Diagnostics, err error) {
	var config *signoz.ConfigError
	if !errors.As(err, &config) {
		diags.AddError("Invalid provider configuration", sentence(err.Error()))
		return
	}
	at := path.Empty()
	for name := range strings.SplitSeq(config.Field, ".") {
		at = at.AtName(name)
	}
	diags.AddAttributeError(at, "Invalid "+config.Field, sentence(config.Message))
}

// addError reports that something couldn't be done: summary names the object,
// the detail says why and what to do next.
func (s *session) addError(ctx context.Context, diags *diag.Diagnostics, summary string, err error) {
	var signIn *signoz.SignInError
	if errors.As(err, &signIn) {
		summary = "Can't sign in to SigNoz" // whatever was to be done then
	}
	diags.AddError(summary, s.explain(ctx, err))
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
	var (
		unresolved *signoz.UnresolvedError
		lost       *signoz.LostAnswerError
		signIn     *signoz.SignInError
		connection *signoz.ConnectionError
		answer     *signoz.Error
	)
	switch {
	case errors.As(err, &unresolved):
		return "SigNoz's answer was lost on the way, and it couldn't be found out whether the request was carried out. " +
			"If the object exists now, import it or delete it in SigNoz before the next apply; likewise any other that is named below. " + said(err)
	case errors.As(err, &lost) && lost.MayCome:
		return "SigNoz's answer was lost on the way. As far as could be seen, the request has left nothing behind, but a server that was merely slow may still carry it out. " +
			"Look in SigNoz for an object of this name in a while, and delete it, or import it; then apply again. " + said(err)
	case errors.As(err, &lost):
		return "SigNoz's answer was lost on the way, and the request has left nothing behind. Apply again. " + said(err)
	case errors.As(err, &signIn):
		return explainSignIn(signIn)
	case errors.As(err, &connection):
		return s.explainConnection(connection, err)
	case errors.Is(err, signoz.ErrNoRoleCall), signoz.IsWebPage(err):
		return s.explainWebPage(ctx, err)
	case errors.As(err, &answer):
		return s.explainAnswer(answer, err)
	case errors.Is(err, context.Canceled):
		return "The run was cancelled."
	}
	return sentence(err.Error())
}

func (s *session) explainAnswer(e *signoz.Error, err error) string {
	switch e.Status {
	case http.StatusUnauthorized:
		if s.client.SignsAsUser() {
			return "SigNoz refused the user's session. Check `email` and `password`. " + said(err)
		}
		return "SigNoz refused the API key, and never says why: the key may be mistyped, expired or revoked, its account may be deleted, the endpoint may be another SigNoz than the key's, or a proxy in between may add an Authorization header, which makes SigNoz ignore the key. " +
			"Check `api_key` or " + envAPIKey + " against Settings → Service Accounts in SigNoz. " + said(err)
	case http.StatusForbidden:
		return s.explainForbidden(err)
	case http.StatusTooManyRequests:
		return "SigNoz kept answering that there are too many requests, until the provider's patience ended. Apply again, with fewer at once (terraform apply -parallelism=2) or a higher `max_retries`. " + said(err)
	}
	switch {
	case signoz.IsAccountNotFound(e):
		return "SigNoz has no service account with this id, or it was deleted. Check the id; if the account was deleted meanwhile, plan again. " + said(err)
	case signoz.IsNotFound(e):
		return "It was removed in SigNoz since this plan was made. Plan again. " + said(err)
	case signoz.IsInvalidID(e):
		return "SigNoz's ids are UUIDs, and this isn't one. Use the `id` of the object, not its name. " + said(err)
	case e.Status >= 500:
		return "SigNoz, or a proxy in front of it, failed and kept failing when the request was repeated. Look into SigNoz's own log; apply again when it is well. " + said(err)
	case signoz.IsInvalidInput(e):
		return "SigNoz refused what it was sent, such as a name that this version of it doesn't take (v0.118 takes no digits), or an expiry that has passed since the plan was made: then plan again. " + said(err)
	case e.Status >= 400 && e.Code == "":
		return fmt.Sprintf("This isn't an answer of SigNoz: something else at %s, such as a gateway or proxy, doesn't pass the request on to it. Check `endpoint` or %s (http:// or https://, host and port), and the gateway's routes. %s", s.client.Endpoint(), envEndpoint, said(err))
	}
	return sentence(err.Error())
}

// explainForbidden names the missing permission, where SigNoz does, and the role that has them all.
func (s *session) explainForbidden(err error) string {
	who, how := "The service account whose key the provider uses", "use a key of an account that holds it, or give it to this account"
	if s.client.SignsAsUser() {
		who, how = "The user that the provider signs in as", "sign in as a user who holds it"
	}
	permission, resource, ok := signoz.MissingPermission(err)
	if !ok {
		return fmt.Sprintf("%s may not do this. Service accounts, keys and roles need the role signoz-admin: %s. %s", who, how, said(err))
	}
	return fmt.Sprintf("%s lacks the permission %s on %s. The simple way is the role signoz-admin, which has all permissions: %s. Where SigNoz has custom roles, one with this permission will do; "+
		"SigNoz names one missing permission at a time, so others may follow. %s", who, permission, resource, how, said(err))
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
		return fmt.Sprintf("A web page came where SigNoz's API should answer, with the status %d: a proxy or firewall in front of SigNoz (%s) refused the request. "+
			"Have it let %s %s through, or give the provider what it asks for (`headers`, `tls`). %s", page.Status, version, page.Method, page.Path, said(err))
	case refused:
		return fmt.Sprintf("A web page came where SigNoz's API should answer, with the status %d: either a proxy or firewall refuses the requests, and must let them through or be given what it asks for (`headers`, `tls`), or %s isn't the URL of SigNoz (`endpoint`, %s). %s",
			page.Status, s.client.Endpoint(), envEndpoint, said(err))
	case ctx.Err() != nil:
		return "A web page came where SigNoz's API should answer, and the run was cancelled before it was found out why. " + said(err)
	case versionErr != nil:
		return fmt.Sprintf("A web page came where SigNoz's API should answer, so %s isn't the URL of SigNoz: it may belong to something else, lack SigNoz's base path, or lead to the sign-in page of a proxy. "+
			"Set `endpoint` or %s to the URL under which you open SigNoz in a browser, without the path of a page such as /settings. %s", s.client.Endpoint(), envEndpoint, said(err))
	}
	return fmt.Sprintf("This SigNoz (%s) doesn't have the call: it is too old or too new for this version of the provider, which knows SigNoz from %s on. Upgrade SigNoz or the provider. %s",
		version, oldestServer, said(err))
}

func (s *session) explainConnection(e *signoz.ConnectionError, err error) string {
	endpoint := s.client.Endpoint()
	switch e.Problem {
	case signoz.ProblemRefused:
		return fmt.Sprintf("Nothing listens at %s. Check `endpoint` or %s, its port included, and that SigNoz runs. %s", endpoint, envEndpoint, said(err))
	case signoz.ProblemHostUnknown:
		return fmt.Sprintf("The host name in %s can't be resolved. Check `endpoint` or %s for a mistake, and that this machine may see that name (VPN, private DNS). %s", endpoint, envEndpoint, said(err))
	case signoz.ProblemTimeout:
		return fmt.Sprintf("%s didn't answer in time. Check that this machine can reach it (firewall, VPN); if it is merely slow, raise `request_timeout`. %s", endpoint, said(err))
	case signoz.ProblemCancelled:
		return "The run was cancelled before SigNoz answered. " + said(err)
	case signoz.ProblemUntrusted:
		return fmt.Sprintf("The certificate of %s wasn't issued by an authority that this machine trusts. If it is an authority of your own, trust it: tls = { ca_certificate = file(\"ca.pem\") }. %s", endpoint, said(err))
	case signoz.ProblemWrongHost:
		return fmt.Sprintf("The certificate of %s is for another host. Use the name that the certificate is for in `endpoint`, or give the server the right certificate. %s", endpoint, said(err))
	case signoz.ProblemExpired:
		return fmt.Sprintf("The certificate of %s has expired or isn't valid yet. Renew it on the server; check this machine's clock too. %s", endpoint, said(err))
	case signoz.ProblemProxy:
		return fmt.Sprintf("The proxy that this machine uses for %s can't be reached, or refuses the connection. Check the environment variables HTTPS_PROXY and HTTP_PROXY (and the user and password in them), or name the host in NO_PROXY if it is to be reached directly. %s", endpoint, said(err))
	case signoz.ProblemClientCert:
		return fmt.Sprintf("%s refused the TLS connection: it asks for a client certificate, or doesn't accept the one it got. Check tls.client_certificate and tls.client_key. %s", endpoint, said(err))
	case signoz.ProblemTLS:
		return fmt.Sprintf("%s and the provider can't agree on a TLS connection. The server, or the proxy in front of it, must offer TLS 1.2 or newer for the host name in `endpoint`; some refuse in this way whoever has no client certificate (tls.client_certificate). %s", endpoint, said(err))
	case signoz.ProblemPlainHTTP:
		return fmt.Sprintf("The server at %s doesn't speak TLS at this port. Check the port in `endpoint`; a server on this machine may need http://. %s", endpoint, said(err))
	case signoz.ProblemRedirect:
		return fmt.Sprintf("%s redirects elsewhere, and the provider doesn't follow, so that the API key reaches no other host. Set `endpoint` or %s to the URL that SigNoz is finally served at. %s", endpoint, envEndpoint, said(err))
	case signoz.ProblemTooLarge:
		return fmt.Sprintf("The answer of %s is far larger than any that SigNoz gives. Check that `endpoint` is SigNoz. %s", endpoint, said(err))
	case signoz.ProblemOther:
	}
	return fmt.Sprintf("The connection to %s failed, and kept failing when the request was repeated. %s", endpoint, said(err))
}

func explainSignIn(e *signoz.SignInError) string {
	switch e.Problem {
	case signoz.SignInWrongPassword:
		return fmt.Sprintf("SigNoz refused to sign in %s: the password is wrong, or there is no such user in this organisation. Check `email` and `password`, or %s and %s. %s", e.Email, envEmail, envPassword, said(e.Err))
	case signoz.SignInUnknownUser:
		return fmt.Sprintf("SigNoz knows no user %s. Check `email` or %s, and that `endpoint` is the SigNoz you mean. On a server that nobody has set up yet, open it in a browser first and register the first user.", e.Email, envEmail)
	case signoz.SignInSeveralOrgs:
		return fmt.Sprintf("%s is in several organisations. Set `org_id` or %s to one of: %s.", e.Email, envOrgID, organisations(e.Orgs))
	case signoz.SignInUnknownOrg:
		return fmt.Sprintf("%s is in no organisation with the id %s. Set `org_id` or %s to one of: %s.", e.Email, e.OrgID, envOrgID, organisations(e.Orgs))
	case signoz.SignInInvalidEmail:
		return fmt.Sprintf("SigNoz doesn't take %q for an e-mail address. Check `email` or %s. %s", e.Email, envEmail, said(e.Err))
	case signoz.SignInNoPassword:
		return fmt.Sprintf("%s signs in through single sign-on (SSO) only, which needs a browser. Sign in as a user with a password, or set `api_key` to a key made in the web UI under Settings → Service Accounts.", e.Email)
	}
	return sentence(e.Error())
}

func organisations(orgs []signoz.Organisation) string {
	names := make([]string, len(orgs))
	for i, o := range orgs {
		names[i] = fmt.Sprintf("%s (%s)", o.ID, o.Name)
	}
	return strings.Join(names, ", ")
}

// said quotes the error itself, at the end of an explanation.
func said(err error) string {
	if err == nil {
		return ""
	}
	return "\n\n" + sentence(err.Error())
}

// sentence gives a text a capital letter and a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	if c := s[0]; c >= 'a' && c <= 'z' {
		s = string(c-'a'+'A') + s[1:]
	}
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}
