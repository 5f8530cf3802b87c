import { PLACES } from './help-places.js'

export const login = `Log in with OAuth (PKCE) and store the credential of a domain. A running serve uses it within 5 seconds.

Usage: prompt-train oauth login --domain DOMAIN [--replace]

Prints a page to open. What it shows after you agree, code#state, is asked for on a terminal without showing it, or read
from standard input, up to its first line break. With ENCRYPTION_KEYS the credential is sealed. A database takes no secret
in the clear.

Options:
      --domain DOMAIN   The tenant, a host name such as example.com; client keys stay
      --replace         Put it in the place of a credential that is no OAuth credential
  -h, --help            Show this help

Environment:
  OAUTH_AUTHORIZE_URL   The page where you agree
  OAUTH_TOKEN_URL       Where the code is exchanged for tokens
  OAUTH_CLIENT_ID       The id of your OAuth client
  OAUTH_REDIRECT_URI    Where the page leads to [the one that the client is registered with]
  OAUTH_SCOPES          What is asked for, separated by spaces or commas [the client's own]

${PLACES}
`

export const refresh = `Refresh the OAuth credential of a domain now, due or not, where and as serve does.

Usage: prompt-train oauth refresh --domain DOMAIN [--json]

Options:
      --domain DOMAIN   Which domain
      --json            Print its line of oauth status and nothing else
  -h, --help            Show this help

OAUTH_TOKEN_URL, OAUTH_CLIENT_ID and CLAUDE_API_BASE_URL count as for serve.
While serve runs it refreshes by itself. After a failure there is a pause, which holds for this command too.
The exit code is 1 where nothing was refreshed.
`

export const status = `Show how the OAuth credentials stand: state, end, last and next refresh. Shows no token.

Usage: prompt-train oauth status [--domain DOMAIN] [--json]

Options:
      --domain DOMAIN   Only this domain
      --json            Print { "credentials": [...] } and nothing else
  -h, --help            Show this help

States: fresh; due; paused after a failure; interrupted, which is tried once more; needs_login; not_renewable, which has
no refresh token. The exit code is 1 where one needs a login or does not open.
`
