// The load generator: bare sockets, prepared bytes. Each answer's status and length are checked, so that a broken proxy
// is reported as broken and not as fast.
import { connect } from 'node:net'
import './child.mjs'
import { MessageReader } from './http.mjs'
import { answerBytes, readStamps, stamp, toRequest } from './messages.mjs'
import { percentile } from './statistics.mjs'

/** Beyond a turn's own time; whoever has not answered by then will not. */
const PATIENCE_MS = 20_000

process.on('message', async ({ id, ask, ...job }) => {
  if (ask !== 'load') return
  const run = job.streams === undefined ? saturate : pace
  const connections = Array.from({ length: job.streams ?? job.concurrency }, () => new Connection(job))
  const patience = setTimeout(
    () => {
      for (const connection of connections) connection.close(new Error('no answer in time'))
    },
    (job.turnMs ?? 0) + PATIENCE_MS,
  )
  try {
    process.send({ id, result: await run(job, connections) })
  } catch (error) {
    process.send({ id, error: error.message })
  } finally {
    clearTimeout(patience)
    for (const connection of connections) connection.close(new Error('the turn is over'))
  }
})

process.send({ port: null })

/** As many requests as fit into the turn, or as are asked for, one after the other on each connection. */
async function saturate({ turnMs, maxUnits = Number.POSITIVE_INFINITY, ...job }, connections) {
  const request = toRequest(job)
  await Promise.all(connections.map((connection) => connection.open()))
  const latencies = []
  const startedAt = performance.now()
  await Promise.all(
    connections.map(async (connection) => {
      do {
        stamp(request)
        const sentAt = performance.now()
        await connection.exchange(request)
        latencies.push(performance.now() - sentAt)
      } while (performance.now() - startedAt < turnMs && latencies.length < maxUnits)
    }),
  )
  return summarize(latencies, latencies.length, startedAt)
}

/** Streams that are all open at once, begun one by one so that their events do not fall together. */
async function pace({ rampMs, ...job }, connections) {
  const request = toRequest(job)
  const ages = []
  const startedAt = performance.now()
  await Promise.all(
    connections.map(async (connection, i) => {
      await new Promise((resolve) => setTimeout(resolve, (rampMs * i) / connections.length))
      await connection.open()
      await connection.exchange(request, (piece) => readStamps(piece, (age) => ages.push(age)))
    }),
  )
  return summarize(ages, connections.length * job.events, startedAt)
}

function summarize(latencies, units, startedAt) {
  return {
    units,
    seconds: (performance.now() - startedAt) / 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  }
}

class Connection {
  #port
  #expectedBytes
  #socket = null
  /** The exchange under way. */
  #pending = null
  #closed = false
  #status = ''
  #bytes = 0
  #reader = new MessageReader({
    onHead: (head) => {
      this.#status = head.slice(9, 12)
      this.#bytes = 0
    },
    onBody: (piece) => {
      this.#bytes += piece.length
      this.#pending.onPiece?.(piece)
    },
    onEnd: () => this.#finish(),
  })

  constructor({ port, ...job }) {
    this.#port = port
    this.#expectedBytes = answerBytes(job)
  }

  open() {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error('the turn is over'))
      this.#pending = { resolve, reject }
      this.#socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true }, resolve)
        .on('data', (bytes) => this.#reader.push(bytes))
        .on('error', (error) => this.close(error))
        .on('close', () => this.close(new Error('the connection was closed')))
    })
  }

  exchange(request, onPiece) {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject, onPiece }
      this.#socket.write(request)
    })
  }

  close(error) {
    this.#closed = true
    this.#pending?.reject(error)
    this.#socket?.destroy()
  }

  #finish() {
    if (this.#status !== '200') this.#pending.reject(new Error(`answered ${this.#status}`))
    else if (this.#bytes !== this.#expectedBytes) {
      this.#pending.reject(new Error(`answered ${this.#bytes} bytes instead of ${this.#expectedBytes}`))
    } else this.#pending.resolve()
  }
}
