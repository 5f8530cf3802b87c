import {
  type Conversation,
  type ConversationBranch,
  type LinkingCounts,
  listConversations,
} from '@agent-prompt-train/core'
import type { Given } from '../commands.js'
import { count } from '../count.js'
import { withDatabase } from '../database.js'
import { toTable } from '../table.js'
import { parseSince, toIso, toMinute, toSpan } from '../times.js'

const HELP = 'prompt-train conversations'
/** What is linked unless told otherwise: a year's exchanges may not fit into memory. */
const SINCE = '7d'
const HEADER = ['BEGAN', 'LASTED', 'DOMAIN', 'FIRST REQUEST', 'REQUESTS', 'COMES FROM']

/** `prompt-train conversations`: how exchanges hang together. */
export async function run({ flags: { json }, values: { domain, since = SINCE } }: Given): Promise<void> {
  const filter = { from: parseSince('since', since, Date.now(), HELP), ...(domain !== undefined && { domain }) }
  const { conversations, linking } = await withDatabase(({ exchanges }) => listConversations(exchanges, filter))
  process.stdout.write(
    json
      ? `${JSON.stringify({ conversations: conversations.map(toFields), linking })}\n`
      : conversations.length === 0
        ? 'Nothing was recorded.\n'
        : toTable(HEADER, conversations.flatMap(toRows)) + toSummary(conversations, linking),
  )
}

/** The order of the fields is part of what is printed. */
function toFields({ id, domain, subTaskOf, branches, subTask, sessionId, startedAt, endedAt }: Conversation) {
  return { id, domain, subTaskOf, branches, subTask, sessionId, startedAt: toIso(startedAt), endedAt: toIso(endedAt) }
}

/** A conversation's first branch stands for it; the others follow. */
function toRows({ domain, subTaskOf, subTask, startedAt, endedAt, branches }: Conversation): string[][] {
  const [main, ...others] = branches as [ConversationBranch, ...ConversationBranch[]]
  const origin = subTaskOf === null ? '-' : `sub-task ${subTask} of ${subTaskOf}`
  return [
    [toMinute(startedAt), toSpan(endedAt - startedAt), domain, main.id, String(main.requests.length), origin],
    ...others.map(({ id, from, requests }) => [
      ...['', '', ''],
      id,
      String(requests.length),
      from === null ? 'beside it, with a history of its own' : `branch from ${from}`,
    ]),
  ]
}

function toSummary({ length }: readonly Conversation[], { exchanges, linked, unknown }: LinkingCounts): string {
  const rate = ((100 * linked) / exchanges).toFixed(1)
  const alone = unknown === 0 ? '' : `${unknown} alone: no session was named, and no body recorded.\n`
  const total = `${count(length, 'conversation')} of ${count(exchanges, 'request')}`
  return `\n${total}, ${linked} of them (${rate} %) linked to another.\n${alone}`
}
