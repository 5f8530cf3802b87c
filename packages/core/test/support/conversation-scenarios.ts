import {
  type Asked,
  assistant,
  type Block,
  type Chat,
  type Message,
  type Transcripts,
  task,
  text,
  user,
} from './transcripts.js'

/** A synthetic transcript, and how many conversations and branches it has. */
export interface Scenario {
  readonly name: string
  play(transcripts: Transcripts): void
  readonly conversations: number
  readonly branches: number
}

const reminder = (words: string) => text(`<system-reminder>\n${words}\n</system-reminder>`)
const toolUse = (id: string, input: Block = { command: 'ls' }): Block => ({ type: 'tool_use', id, name: 'Bash', input })
const toolResult = (id: string, content: string | readonly Block[]): Block => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
})
const thinking = (words: string): Block => ({ type: 'thinking', thinking: words, signature: `FAKE ${words}` })
const image = (data: string): Block => ({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })

const SUMMARY = `<analysis>
We looked at the time tables of the western line first and then at those of the northern one.
</analysis>
<summary>
1. Primary request: the user wants a list of all trains that leave Paddington before noon.
2. Files: src/timetable.ts holds the parser; src/lines.ts was changed to sort by platform.
3. Pending: the test for trains that run on Sundays only still fails, and has to be mended.
</summary>`
/** As a coding agent writes it into the first message. */
const CONTINUED = `This session is being continued from a previous conversation that ran out of context. The conversation is summarized below:
Analysis:
We looked at the time tables of the western line first and then at those of the northern one.

Summary:
1. Primary request: the user wants a list of all trains that leave Paddington before noon.
2. Files: src/timetable.ts holds the parser; src/lines.ts was changed to sort by platform.
3. Pending: the test for trains that run on Sundays only still fails, and has to be mended.

Please continue the conversation from where we left it off without asking the user any further questions.`
const SUMMARY_WISH = 'Your task is to create a detailed summary of the conversation so far.'

/** Every way in which exchanges hang together, or seem to. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'a conversation goes on turn by turn',
    conversations: 1,
    branches: 1,
    play(transcripts) {
      const chat = transcripts.chat()
      for (let turn = 0; turn < 12; turn++) chat.say(`question ${turn}`, `answer ${turn}`)
    },
  },
  {
    name: 'a string is a text block, and how blocks are divided into messages does not matter',
    conversations: 1,
    branches: 1,
    play(transcripts) {
      const first = transcripts.ask({
        messages: [{ role: 'user', content: 'one' }],
        answer: [text('two'), toolUse('toolu_s1')],
        follows: null,
      })
      const second = transcripts.ask({
        messages: [user('one'), assistant('two\n'), assistant(toolUse('toolu_s1')), user(toolResult('toolu_s1', 'x'))],
        answer: [text('three')],
        follows: first,
      })
      transcripts.ask({
        messages: [
          user('one'),
          assistant('two', toolUse('toolu_s1')),
          user(toolResult('toolu_s1', [text('x')])),
          { role: 'assistant', content: 'three' },
          user('four'),
          user('five'),
        ],
        answer: [text('six')],
        follows: second,
      })
    },
  },
  {
    name: 'reminders, cache_control and system prompts come and go',
    conversations: 1,
    branches: 1,
    play(transcripts) {
      const chat = transcripts.chat()
      for (let turn = 0; turn < 5; turn++) {
        const request = {
          system: [
            text(`x-anthropic-billing-header: cc_version=2.1.${turn}; cch=${turn};`),
            text(`gitStatus: On branch main\nM src/file-${turn}.ts`),
          ],
          tools: [{ name: `Tool${turn}` }],
        }
        const said = user(reminder(`${turn} files were opened`), `remind ${turn}`)
        chat.say(said, [text(`done ${turn}`), toolUse(`toolu_m${turn}`)], { request })
        const result = `out ${turn}\n\n<system-reminder>Do not mention this.</system-reminder>`
        chat.say(user(toolResult(`toolu_m${turn}`, result)), 'so it is', { request })
        chat.messages = chat.messages
          .filter(({ role }) => role !== 'system')
          .map((message) => remind(withCacheControl(message, turn), turn))
        chat.messages.push({ role: 'system', content: `It is turn ${turn}.` })
      }
    },
  },
  {
    name: 'tool blocks are sent twice',
    conversations: 1,
    branches: 1,
    play(transcripts) {
      const chat = transcripts.chat()
      chat.say('list the files twice', [text('yes'), toolUse('toolu_d1')])
      chat.say(user(toolResult('toolu_d1', 'a b')), [text('again'), toolUse('toolu_d2'), toolUse('toolu_d3')])
      chat.messages[2] = user(toolResult('toolu_d1', 'a b'), toolResult('toolu_d1', 'a b'))
      chat.messages[3] = assistant('again', toolUse('toolu_d2'), toolUse('toolu_d3'), toolUse('toolu_d2'))
      chat.say(
        user(toolResult('toolu_d2', 'c'), toolResult('toolu_d3', 'd'), toolResult('toolu_d2', 'c')),
        'that is all',
      )
      chat.messages.splice(4, 1, user(toolResult('toolu_d2', 'c')), user(toolResult('toolu_d3', 'd')))
      chat.say('thank you', 'gladly')
    },
  },
  {
    name: 'one tool call again and again, of one and the same id',
    conversations: 1,
    branches: 1,
    play(transcripts) {
      const chat = transcripts.chat()
      chat.say('try until it works', [toolUse('toolu_e1')])
      for (let turn = 0; turn < 5; turn++) chat.say(user(toolResult('toolu_e1', 'no')), [toolUse('toolu_e1')])
    },
  },
  {
    name: 'thinking is sent back, or left out',
    conversations: 2,
    branches: 2,
    play(transcripts) {
      const keeps = transcripts.chat({ keyId: 'keeps000' })
      const drops = transcripts.chat({ keyId: 'drops000' })
      for (let turn = 0; turn < 4; turn++) {
        keeps.say(`think ${turn}`, [thinking(`kept ${turn}`), text(`thought ${turn}`)])
        drops.say(`think ${turn}`, [thinking(`dropped ${turn}`), text(`thought ${turn}`)])
        drops.messages[drops.messages.length - 1] = assistant(`thought ${turn}`)
      }
    },
  },
  {
    name: 'other thinking and other images are another history',
    conversations: 4,
    branches: 4,
    play(transcripts) {
      const thought = user('what comes of it?')
      transcripts.ask({ messages: [thought], answer: [thinking('this'), text('much')], follows: null })
      const messages = [thought, assistant(thinking('that'), 'much'), user('why?')]
      transcripts.ask({ messages, answer: [text('so')], follows: null })
      const shown = (data: string) => user('what is this?', image(data))
      transcripts.ask({ messages: [shown('AAAA')], answer: [text('a train')], follows: null })
      const other = [shown('BBBB'), assistant('a train'), user('which?')]
      transcripts.ask({ messages: other, answer: [text('the 9:15')], follows: null })
    },
  },
  {
    name: 'a history goes on from other than its tip',
    conversations: 1,
    branches: 3,
    play(transcripts) {
      const chat = transcripts.chat()
      chat.say('branch one', 'first')
      const early = chat.fork()
      chat.say('branch two', 'second')
      const late = chat.fork()
      chat.say('branch three', 'third')
      early.say('branch two, in other words', 'second')
      early.say('branch three', 'third')
      late.say('branch three, in other words', 'third')
      chat.say('branch four', 'fourth')
    },
  },
  {
    name: 'two children of one parent begin at once',
    conversations: 1,
    branches: 3,
    play(transcripts) {
      const chat = transcripts.chat()
      chat.say('at once', 'yes', { at: 400_000 })
      const others = [chat.fork(), chat.fork()]
      chat.say('left', 'l', { at: 402_000 })
      others[0]!.say('right', 'r', { at: 402_000 })
      others[1]!.say('ahead', 'a', { at: 402_000 })
      others[0]!.say('and on', 'r2', { at: 403_000 })
      chat.say('and on', 'l2', { at: 403_000 })
    },
  },
  {
    name: 'one prompt again and again, in two conversations at a time',
    conversations: 2,
    branches: 3,
    play(transcripts) {
      const one = transcripts.chat({ keyId: 'again001' })
      const two = transcripts.chat({ keyId: 'again002' })
      for (let turn = 0; turn < 6; turn++) {
        one.say('continue', 'ok')
        two.say('continue', 'ok')
      }
      const again = two.fork()
      two.say('continue', 'ok')
      again.say('continue', 'all done')
    },
  },
  {
    name: 'the same words in two domains',
    conversations: 2,
    branches: 2,
    play(transcripts) {
      const one = transcripts.chat({ domain: 'a.example.com' })
      const two = transcripts.chat({ domain: 'b.example.com' })
      one.say('the same', 'words')
      two.say('the same', 'words')
      one.say('again', 'words')
      two.say('again', 'words')
    },
  },
  {
    name: 'a coding agent compacts its history',
    conversations: 3,
    branches: 3,
    play(transcripts) {
      const chat = transcripts.chat()
      chat.say('list the trains', 'at once')
      chat.say('and sort them', 'done')
      const other = transcripts.chat()
      other.say('another matter', 'yes')
      chat.say(SUMMARY_WISH, SUMMARY)
      chat.messages = []
      chat.say(user(reminder('As you answer, know this.'), CONTINUED, 'now the Sundays'), 'they are mended')
      chat.say('thank you', 'gladly')
      other.say('so what?', 'nothing')
      const quoted = '2. Files: src/timetable.ts holds the parser; src/lines.ts was changed to sort by platform.'
      transcripts.chat().say(`What does this mean?\n${quoted}`, 'what it says')
    },
  },
  {
    name: 'a history is compacted to the summary alone, or to a compaction block',
    conversations: 3,
    branches: 3,
    play(transcripts) {
      const words =
        'The user compares two ways of sorting platforms, and wants the shorter one. Nothing is left to do but to try it.'
      const sdk = transcripts.chat({ keyId: 'compact1' })
      sdk.say('compare them', 'the first is shorter')
      sdk.say('Write a continuation summary that allows you to resume.', `<summary>${words}</summary>`)
      sdk.messages = []
      sdk.say(`<summary>${words}</summary>`, 'it works')
      const stripped = transcripts.chat({ keyId: 'compact3' })
      stripped.say('say it in short', 'it is long')
      const aloud = Array.from(
        { length: 20 },
        (_, n) => `First I go through all that was said in part ${n} of it at length.`,
      )
      stripped.say(
        'Now.',
        `<analysis>${aloud.join(' ')}</analysis><summary>We talked of trains.\nNext: of ships.</summary>`,
      )
      stripped.messages = []
      stripped.say('Continued from before. Summary: We talked of trains.\nNext: of ships.', 'of ships, then')
      const compacted = `Of the two programs the one that reads whole lines was taken. ${'Its speed was measured three times. '.repeat(3)}`
      const api = transcripts.chat({ keyId: 'compact2' })
      api.say('take one of them', 'the second')
      api.say('and now?', [{ type: 'compaction', content: compacted }, text('we go on')])
      api.messages = [api.messages.at(-1)!]
      api.say('where to?', 'to the end')
    },
  },
  {
    name: 'sub-tasks at once, two of one prompt, beside the conversation that called for them',
    conversations: 4,
    branches: 4,
    play(transcripts) {
      const chat = transcripts.chat()
      chat.say('look into all of it', 'with help')
      const calls = [
        task('toolu_t1', 'Read the tests.'),
        task('toolu_t2', 'Read the code.'),
        task('toolu_t3', 'Read the code.', 'Agent'),
      ]
      const caller = chat.say('go on', [text('three at once'), ...calls])
      const subTasks = ['Read the tests.', 'Read the code.', 'Read the code.'].map((prompt) => {
        const subTask = transcripts.chat()
        subTask.last = caller
        subTask.say(user(reminder('You are a sub-agent.'), prompt), [
          text('reading'),
          toolUse(`toolu_of_${transcripts.records.length}`),
        ])
        return subTask
      })
      for (const subTask of subTasks) {
        const [, { id }] = subTask.messages.at(-1)!.content as [Block, Block]
        subTask.say(user(toolResult(String(id), 'read')), `all read by ${id}`)
      }
      chat.say(user(...['1', '2', '3'].map((n) => toolResult(`toolu_t${n}`, `read ${n}`))), 'thanks to all')
      chat.say('and now?', 'nothing more')
    },
  },
  {
    name: 'a prompt that a sub-agent had an hour and more before',
    conversations: 2,
    branches: 2,
    play(transcripts) {
      transcripts.chat().say('now and then', [task('toolu_o1', 'Run the nightly job.')])
      transcripts.ask({
        messages: [user('Run the nightly job.')],
        answer: [text('run')],
        follows: null,
        at: 1_000_000_000,
      })
    },
  },
  {
    name: 'sessions and agents that the client names, with a sub-agent of a sub-agent',
    conversations: 3,
    branches: 3,
    play(transcripts) {
      const session = { sessionId: 'session-agents' }
      const chat = transcripts.chat(session)
      chat.say('begin', 'begun')
      const caller = chat.say('delegate', [task('toolu_a1', 'Look around.')])
      const agent = transcripts.chat({ ...session, agentId: 'agent-1', parentAgentId: null })
      agent.last = caller
      // What it is told is not what the call said: the headers tell where it belongs.
      const inner = agent.say('You are to look around.', [task('toolu_a2', 'Look deeper.')])
      const deeper = transcripts.chat({ ...session, agentId: 'agent-2', parentAgentId: 'agent-1' })
      deeper.last = inner
      deeper.say('Look deeper.', 'nothing there')
      agent.say(user(toolResult('toolu_a2', 'nothing there')), 'nothing')
      chat.say(user(toolResult('toolu_a1', 'nothing')), 'well')
    },
  },
  {
    name: 'sessions of the same words, with what clients ask beside them',
    conversations: 2,
    branches: 4,
    play(transcripts) {
      const chats = ['session-x', 'session-y'].map((sessionId) => transcripts.chat({ sessionId }))
      for (const chat of chats) chat.say('hello', 'hello')
      for (const sessionId of ['session-x', 'session-y'])
        transcripts.chat({ sessionId }).say('Write a title of five words.', 'Greetings')
      for (const chat of chats) chat.say('and on', 'yes')
    },
  },
  {
    name: 'an agent without a session, beside somebody else',
    conversations: 2,
    branches: 2,
    play(transcripts) {
      const agent = transcripts.chat({ agentId: 'agent-alone' })
      transcripts.chat().say('who is there?', 'nobody')
      agent.say('look here', 'yes')
      agent.say('look there', 'no')
    },
  },
  {
    name: 'a summary is carried into another session, which has an aside of its own',
    conversations: 1,
    branches: 2,
    play(transcripts) {
      const chat = transcripts.chat({ sessionId: 'session-before' })
      chat.say('list the ships', 'at once')
      const words = 'The user wants a list of all ships that leave Bristol in the evening, by their size.'
      chat.say(SUMMARY_WISH, words)
      const next = transcripts.chat({ sessionId: 'session-after' })
      next.last = chat.last
      next.say(`We go on from this: ${words}`, 'yes')
      transcripts.chat({ sessionId: 'session-after' }).say('Write a title of five words.', 'Ships')
      next.say('and then?', 'nothing')
    },
  },
  {
    name: 'a session without bodies, and one of the same name in another domain',
    conversations: 2,
    branches: 2,
    play(transcripts) {
      const chats = ['example.com', 'b.example.com'].map((domain) =>
        transcripts.chat({ sessionId: 'session-z', domain }),
      )
      for (let turn = 0; turn < 3; turn++)
        for (const chat of chats) chat.say(`unseen ${turn}`, 'yes', { record: { links: null } })
    },
  },
  {
    name: 'an attempt that failed, one that broke off, and what was said after it',
    conversations: 2,
    branches: 2,
    play(transcripts) {
      const chat = transcripts.chat()
      const fail = (record = {}) => {
        chat.last = transcripts.ask({
          messages: chat.messages,
          answer: null,
          follows: chat.last,
          record: { status: 529, ...record },
        })
      }
      chat.messages = [user('try')]
      fail()
      fail()
      chat.messages = []
      chat.say('try', 'tried')
      chat.messages.push(user('try more'))
      fail({ status: 200, aborted: true })
      chat.say('no, rather less', 'less it is')
      chat.messages.push(user('refused'))
      fail({ status: 400 })
      chat.messages.pop()
      chat.say('in other words', 'yes')
      const stopped = transcripts.chat()
      stopped.messages = [user('stop')]
      stopped.last = transcripts.ask({
        messages: stopped.messages,
        answer: null,
        follows: null,
        record: { aborted: true },
      })
      stopped.say('do it after all', 'done')
    },
  },
  {
    name: 'an answer that goes on from what the client began',
    conversations: 1,
    branches: 1,
    play(transcripts) {
      const first = transcripts.ask({
        messages: [user('as JSON'), assistant('{')],
        answer: [text('"a":1}')],
        follows: null,
      })
      transcripts.ask({
        messages: [user('as JSON'), assistant('{"a":1}'), user('more')],
        answer: [text('no')],
        follows: first,
      })
    },
  },
  {
    name: 'a thread that the server keeps',
    conversations: 1,
    branches: 1,
    play(transcripts) {
      let last: string | null = null
      for (let turn = 0; turn < 3; turn++) {
        const thread = last === null ? { type: 'create' } : { type: 'continue', previous_message_id: `msg_${last}` }
        last = transcripts.ask({
          messages: [user('continue')],
          answer: [text('ok')],
          follows: last,
          request: { thread },
        })
      }
    },
  },
  clientsAtOnce('keys', (n) => ({ asker: { keyId: `client${String(n).padStart(2, '0')}` } })),
  clientsAtOnce('sessions', (n) => ({ asker: { sessionId: `session ${n}` } })),
  clientsAtOnce('users', (n) => ({ request: { metadata: { user_id: `FAKE user ${n}` } } })),
  clientsAtOnce('addresses', (n) => ({ asker: { clientAddress: `192.0.2.${n}` } })),
]

/** 20 clients that say the same at the same time: each has a conversation, a branch, a sub-task and a compaction. */
export function clientsAtOnce(what: string, own: (client: number) => Pick<Asked, 'asker' | 'request'>): Scenario {
  return {
    name: `20 clients of the same words at once, told apart by their ${what}`,
    conversations: 40,
    branches: 60,
    play(transcripts) {
      const facts = Array.from({ length: 20 }, (_, n) => own(n))
      const clients = facts.map(({ asker }) => transcripts.chat(asker))
      const each = (round: number, step: (client: Chat, facts: Partial<Asked>, n: number) => void) => {
        for (const [n, client] of clients.entries())
          step(client, { ...facts[n], at: 2_000_000 + round * 1_000 + (n % 3) }, n)
      }
      each(0, (client, facts) => client.say('hello', 'hello', facts))
      const forks = clients.map((client) => client.fork())
      each(1, (client, facts) => client.say('continue', [text('ok'), task('toolu_20', 'Help me.')], facts))
      each(2, (client, facts, n) => {
        const subTask = transcripts.chat(facts.asker)
        subTask.last = client.last
        subTask.say('Help me.', 'helped', facts)
        forks[n]!.say('continue, please', 'ok', facts)
      })
      each(3, (client, facts) => client.say(user(toolResult('toolu_20', 'helped')), 'good', facts))
      each(4, (client, facts) => client.say(SUMMARY_WISH, SUMMARY, facts))
      each(5, (client, facts) => {
        client.messages = []
        client.say(CONTINUED, 'on we go', facts)
      })
    },
  }
}

/** Cache control moves to the last message. */
function withCacheControl({ role, content }: Message, turn: number): Message {
  if (typeof content === 'string') return { role, content }
  return {
    role,
    content: content.map(({ cache_control: _old, ...block }, at) =>
      at === turn % content.length ? { ...block, cache_control: { type: 'ephemeral' } } : block,
    ),
  }
}

/** Another reminder in place of the one that was there. */
function remind({ role, content }: Message, turn: number): Message {
  if (role !== 'user' || typeof content === 'string') return { role, content }
  const kept = content.filter(({ text: words }) => !String(words).includes('<system-reminder>'))
  return { role, content: turn % 2 === 0 ? kept : [...kept, reminder(`turn ${turn}`)] }
}
