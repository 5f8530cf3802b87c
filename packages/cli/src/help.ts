export const generalHelp = `Agent Prompt Train: lets people, agents and services use the Claude API with client keys,
while the upstream credential stays on this server.

Usage: prompt-train <command> [options]

Commands:
  serve               Run the proxy. Needs no configuration for a first try.
  keys create         Make a client key for a domain
  keys list           Show keys, their state and their use
  keys rotate         Make a successor; both keys work for a while
  keys revoke         End a key, or all keys of a domain
  credentials add     Store the upstream credential of a domain
  credentials list    Show which domains have a credential
  credentials check   Check every credential and credential file
  credentials seal    Encrypt credentials that are stored in the clear
  oauth login         Store an OAuth credential by logging in
  oauth refresh       Refresh an OAuth credential now
  oauth status        Show how OAuth credentials stand
  keyring create      Make a key for ENCRYPTION_KEYS. Stores nothing.
  keyring rewrap      Encrypt anew with the first key of ENCRYPTION_KEYS
  auth generate-key   Make a client key and its digest. Stores nothing.
  usage               Sum tokens and costs by day, domain, key and model
  conversations       Show which requests belong together
  export              Print the exchanges of a domain with their bodies
  migrate             Bring the database up to date
  purge               Remove what is older than its retention
  delete              Remove everything that was recorded of a domain
  holds add           Keep a conversation from purge and deletion
  holds release       Let it go again
  holds list          Show what is on hold

Options:
  -h, --help          Show this help, or that of a command
      --version       Show the version
`

/** The help of the commands that begin with the same word: their lines of the general help. */
export function toGroupHelp(group: string): string {
  const lines = generalHelp.split('\n').filter((line) => line.startsWith(`  ${group} `))
  return `Usage: prompt-train ${group} <command> [options]

Commands:
${lines.join('\n')}

Options:
  -h, --help          Show this help, or that of a command
`
}

export const serveHelp = `Run the proxy as one process, until SIGTERM or Ctrl-C.

Usage: prompt-train serve

Without any configuration it makes a client key, answers from a built-in demonstration upstream,
and prints a curl line to try. For real answers set ANTHROPIC_API_KEY, or add credential files.

Environment:
  PORT                  Port to listen on; 0 for any free one [3000]
  HOST                  Address to listen on [127.0.0.1]
  CREDENTIALS_DIR       Folder of credential files, <domain>.json [./credentials]
  ANTHROPIC_API_KEY     Upstream key of domain "default", and of files that hold client keys alone
  ENCRYPTION_KEYS       k1:<base64>,k2:<base64>: opens what is sealed; the first key seals
                        [bodies: a key kept in DATA_DIR; with NODE_ENV=production they are not recorded]
  ALLOW_PLAIN_CREDENTIALS  false uses no credential that is stored in the clear [true]
  DATABASE_URL          Postgres to record in, and for keys and credentials, after prompt-train migrate
                        [the embedded one in DATA_DIR, for what is recorded]
  STORAGE_ENABLED       false records nothing [true]
  RETENTION_DAYS        How long records are kept [365]
  BODY_RETENTION_DAYS   How long bodies are kept [30]
  MODEL_PRICES_FILE     Prices that go before the list prices: docs/usage.md [list prices]
  CLAUDE_API_BASE_URL   Upstream; plain http on loopback only [https://api.anthropic.com]
  OAUTH_TOKEN_URL       Where OAuth credentials are refreshed [/v1/oauth/token of Anthropic's or a loopback upstream]
  OAUTH_CLIENT_ID       The client id that their logins were made with [none is sent]
  ALLOW_SUBSCRIPTION_OAUTH  true uses credentials of subscription plans: read docs/oauth.md first [false]
  ENABLE_CLIENT_AUTH    false lets everybody in: NODE_ENV=development and a loopback HOST only [true]
  DATA_DIR              Folder for what this command keeps: the embedded database, what waits for a database,
                        the keys made for development [./.data]
  TRUSTED_PROXIES       Addresses and CIDR blocks whose X-Forwarded-For is believed, comma separated
  IP_ALLOWLIST          Addresses and CIDR blocks that clients may come from, comma separated [anywhere]
  CHECK_HOST            true: a client key serves only where the request's Host is its domain [false]
  AUTH_FAILURES_PER_MINUTE  Failed authentications of an address or key id before further ones get 429 [30]
  LOG_LEVEL             fatal, error, warn, info, debug, trace or silent [info]
  LOG_PRETTY            true for people, false for JSON lines [true on a terminal]
  NODE_ENV              production refuses to start without client keys and upstream credential

Options:
  -h, --help            Show this help
`

export const generateKeyHelp = `Make a client key and show it with its digest. Nothing is stored, and no configuration is needed.

Usage: prompt-train auth generate-key [--json]

Options:
      --json            Print { "key", "keyId", "digest" } and nothing else
  -h, --help            Show this help
`
