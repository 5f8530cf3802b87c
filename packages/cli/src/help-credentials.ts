import { PLACES } from './help-places.js'

export const add = `Store the upstream credential of a domain. It is read from standard input, or asked for on a terminal.

Usage: prompt-train credentials add --domain DOMAIN [--type api_key|oauth] [--replace] [--json]
       prompt-train credentials add --domain DOMAIN --type federation --rule ID --organization ID --service-account ID
                                    [--workspace ID] --assertion-file FILE [--replace] [--json]

Options:
      --domain DOMAIN   The tenant, a host name such as example.com
      --type TYPE       api_key, oauth or federation [api_key]
      --rule ID         Federation rule, fdrl_…
      --organization ID Organisation
      --service-account ID
                        Service account, svac_…
      --workspace ID    Workspace, wrkspc_… [none is sent]
      --assertion-file FILE
                        Holds the assertion of your identity provider, and is read anew for each exchange
      --replace         Put it in the place of the one that is there; client keys stay
      --json            Print { "domain", "type", "sealedWith", "storedIn" } and nothing else
  -h, --help            Show this help

Standard input holds the API key alone, or for oauth { "access_token", "refresh_token", "expires_at" } as JSON.
A federation credential holds no secret and is taken from the options.
With ENCRYPTION_KEYS the credential is sealed. A database takes no secret in the clear.
${PLACES}
`

export const list = `List the domains that have a credential, and of which kind. Shows no secret.

Usage: prompt-train credentials list [--json]

Options:
      --json            Print { "credentials": [...] } and nothing else
  -h, --help            Show this help
`

export const check = `Check every credential: owner, mode and format of files, and that sealed ones open with ENCRYPTION_KEYS.

Usage: prompt-train credentials check [--json]

Options:
      --json            Print { "credentials": number, "problems": [{ "file", "problem" }] } and nothing else
  -h, --help            Show this help

The exit code is 1 where there is a problem.
`

export const seal = `Seal every credential that is stored in the clear, with the first key of ENCRYPTION_KEYS.

Usage: prompt-train credentials seal [--json]

Options:
      --json            Print { "changed", "unchanged", "failed": [...] } and nothing else
  -h, --help            Show this help
`

export const createRingKey = `Make a key for ENCRYPTION_KEYS and show it. Stores nothing.

Usage: prompt-train keyring create [--id ID] [--json]

Options:
      --id ID           Its id in the ring [the next free one of k1, k2, ...]
      --json            Print { "id", "entry" } and nothing else
  -h, --help            Show this help
`

export const rewrap = `Seal anew, with the first key of ENCRYPTION_KEYS, what is sealed with another key of it.

Usage: prompt-train keyring rewrap [--json]

Options:
      --json            Print { "changed", "unchanged", "failed": [...] } and nothing else
  -h, --help            Show this help
`
