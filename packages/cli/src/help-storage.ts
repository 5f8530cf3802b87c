const DATABASE = `The database is that of DATABASE_URL, or else the embedded one in DATA_DIR, as for serve, which may run meanwhile.`
const DATES = `Times are 7d, 12h or 30m before now, or an ISO date such as 2027-03-31 (its first moment in UTC).`

export const migrate = `Bring the database up to date, as the role that owns it. Safe to run again, and in several places at once.

Usage: prompt-train migrate [--json]
       prompt-train migrate --grants SERVING_ROLE,OWNER_ROLE

Options:
      --grants ROLES    Print the SQL that gives the serving role its rights, and do nothing else
      --json            Print { "migrations": [...] }, the steps taken, and nothing else
  -h, --help            Show this help

${DATABASE}
`

export const usage = `Sum the requests that reached the upstream, their tokens and their cost.

Usage: prompt-train usage [--by LIST] [--from TIME] [--to TIME] [--domain DOMAIN] [--key KEYID] [--model MODEL] [--json|--csv]
       prompt-train usage --recompute [--prices FILE] [--from TIME] [--to TIME] [--domain DOMAIN] [--key KEYID] [--model MODEL] [--json]

Options:
      --by LIST         What to sum by, a comma list of day, domain, key, model [day,domain,key,model]
      --from TIME       The first moment that counts [the first recorded]
      --to TIME         The first that does not [now]
      --domain DOMAIN   What is of one domain [all]
      --key KEYID       What was asked with one client key [all]
      --model MODEL     What one model answered [all]
      --json            Print { "rows": [...], "unpriced": [...] } and nothing else; fields not summed by are null
      --csv             Print the rows as comma-separated values
      --recompute       Price what is stored again: after a price has changed or become known
      --prices FILE     The prices that go before the list prices then [MODEL_PRICES_FILE]
  -h, --help            Show this help

Cost is what is billed per token; notional cost is what a subscription's traffic would have cost at list price.
Requests of models without a known price are counted as unpriced, and cost nothing in the sums: docs/usage.md.
${DATES} Costs are in millionths of a US dollar in JSON and CSV.
${DATABASE}
`

export const conversations = `Show which requests belong together: conversations, their branches and sub-tasks.

Usage: prompt-train conversations [--domain DOMAIN] [--since TIME] [--json]

Options:
      --domain DOMAIN   Those of one domain [all]
      --since TIME      The first moment that counts; what began before is cut there [7d]
      --json            Print { "conversations": [...], "linking": {...} } and nothing else
  -h, --help            Show this help

Sessions and agents that the client names go first, then histories that continue each other: docs/conversations.md.
${DATES}
${DATABASE}
`

export const exportExchanges = `Print the exchanges of a domain as JSON Lines, oldest first, with their bodies as recorded: masked.

Usage: prompt-train export --domain DOMAIN [--from TIME] [--to TIME]

Options:
      --domain DOMAIN   Whose exchanges
      --from TIME       The first moment that counts [the first recorded]
      --to TIME         The first that does not [now]
  -h, --help            Show this help

Bodies are opened with ENCRYPTION_KEYS, or with the key made for development. The exit code is 1 where one does not open.
${DATES}
${DATABASE}
`

export const purge = `Remove records older than RETENTION_DAYS and bodies older than BODY_RETENTION_DAYS. Sums of usage stay.

Usage: prompt-train purge [--json]

Options:
      --json            Print { "records", "bodies" }, how many were removed, and nothing else
  -h, --help            Show this help

${DATABASE} It wants the role that owns the tables.
serve purges by itself, when it starts and every 6 hours, where it connects as that role.
`

export const deleteDomain = `Remove everything that was recorded of a domain: records, bodies and sums. What is on hold stays.

Usage: prompt-train delete --domain DOMAIN [--yes] [--json]

Options:
      --domain DOMAIN   Whose
      --yes             Do not ask; needed where nobody can be asked
      --json            Print { "records", "bodies", "kept" }, how many were removed and how many are on hold, and nothing else
  -h, --help            Show this help

A server may go on serving the domain: the first exchanges after the deletion may lack messages from before it.
Client keys and credentials stay: "prompt-train keys revoke" ends them. What is wanted first: "prompt-train export".
${DATABASE} It wants the role that owns the tables.
`

const REQUEST = `REQUEST is the id of any request of it, as in "prompt-train conversations" and in the header x-prompt-train-request-id.`
const SINCE = `      --since TIME      Look for what belongs to it as far back as this, too`

export const holdsAdd = `Keep a conversation from purge and deletion: its branches, its sub-tasks, and what called for them.

Usage: prompt-train holds add REQUEST [--since TIME] [--json]

Options:
${SINCE}
      --json            Print { "held": [...] }, the ids of its requests, and nothing else
  -h, --help            Show this help

${REQUEST}
What belongs to it is looked for, before and after, until a week holds nothing of it. Where it rested for longer name its latest
request, and --since. What is recorded later is not on hold: add it again then. ${DATES}
${DATABASE}
`

export const holdsRelease = `Let a conversation go again: with the next purge that it is too old for.

Usage: prompt-train holds release REQUEST [--since TIME] [--json]

Options:
${SINCE}
      --json            Print { "released": [...] }, the ids of its requests, and nothing else
  -h, --help            Show this help

${REQUEST}
${DATES}
${DATABASE}
`

export const holdsList = `Show what is on hold, the oldest hold first.

Usage: prompt-train holds list [--json]

Options:
      --json            Print { "holds": [{ "requestId", "domain", "heldAt" }] } and nothing else
  -h, --help            Show this help

${DATABASE}
`
