import { PLACES } from './help-places.js'

const AWAY = `Where one of them does not open, the command goes on with the other and tells so, in JSON as "notReached"`
const DATES = `Times are 7d, 12h, 30m or an ISO date such as 2027-03-31.`

export const create = `Make a client key for a domain and store its digest. The key is shown once.

Usage: prompt-train keys create --domain DOMAIN [--label TEXT] [--expires TIME] [--json]

Options:
      --domain DOMAIN   The tenant, a host name such as example.com; in a folder it needs a credential first
      --label TEXT      What people call the key
      --expires TIME    When it ends [never]
      --json            Print { "key", "keyId", "digest", "domain", "label", "expiresAt", "storedIn" } and nothing else
  -h, --help            Show this help

${DATES}
The key goes where the domain's credential is, in a folder or database.
${PLACES}
${AWAY}.
`

export const list = `List client keys: fingerprint, domain, label, state, and when, from where and how often each was used.

Usage: prompt-train keys list [--domain DOMAIN] [--json]

Options:
      --domain DOMAIN   Only the keys of this domain
      --json            Print { "keys": [...] } and nothing else
  -h, --help            Show this help

A fingerprint is the key id and the last four characters. Use is stored every 5 seconds.
${PLACES}
${AWAY}, and the exit code is 1.
`

export const rotate = `Make a successor of a client key. Both work until the overlap ends, and then the successor alone.

Usage: prompt-train keys rotate KEYID [--overlap TIME] [--label TEXT] [--expires TIME] [--json]

Options:
      --overlap TIME    How long, or until when, the old key still works; 0s for not at all [7d]
      --label TEXT      What people call the successor [the old key's label]
      --expires TIME    When the successor ends [as long from now as the old key was made for]
      --json            Print { "key", "keyId", "digest", ..., "replaced": { "keyId", "endsAt" } } and nothing else
  -h, --help            Show this help

${DATES}
The successor goes where the old key is.
${PLACES}
${AWAY}.
`

export const revoke = `Revoke a client key, or every key of a domain. It counts within 5 seconds.

Usage: prompt-train keys revoke KEYID [--json]
       prompt-train keys revoke --all --domain DOMAIN [--yes] [--json]

Options:
      --all             Every key of the domain: asks first on a terminal
      --domain DOMAIN   Which domain
      --yes             Do not ask
      --json            Print { "revoked": number } and nothing else
  -h, --help            Show this help

${PLACES}
${AWAY}.
With --all the exit code is then 1: keys there still work. So it is for a key that may stand there.
`
