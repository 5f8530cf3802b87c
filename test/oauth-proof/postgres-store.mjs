// A schema of its own in the database of DATABASE_URL, behind an address that can go away.
import { randomBytes } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import pgPromise from 'pg-promise'

export async function prepare() {
  const url = process.env.DATABASE_URL
  if (url === undefined) throw new Error('DATABASE_URL is not set: the database in which to make a schema of its own.')
  const schema = `oauth_proof_${randomBytes(4).toString('hex')}`
  await migrate({ connectionString: url, schema })
  const db = pgPromise({ noWarnings: true })(url)
  const endpoint = await startEndpoint(new URL(url))
  return {
    name: JSON.stringify({ connectionString: endpoint.url, schema }),
    faults: {
      cutConnections: () =>
        db.any(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        ),
      failOver: () => endpoint.failOver(),
    },
    async remove() {
      endpoint.close()
      await db.none('drop schema $1:name cascade', schema)
      await db.$pool.end()
    },
  }
}

export function open(name) {
  const { credentials, close } = createPostgresStorage(JSON.parse(name))
  return {
    find: (domain) => credentials.find(domain),
    list: () => credentials.list(),
    update: (domain, change) => credentials.update(domain, change),
    close,
  }
}

/** The address of the database as a managed one has it: for a while nobody answers there, then the next server does. */
async function startEndpoint(database) {
  let isAway = false
  const sockets = new Set()
  const server = createServer((client) => {
    if (isAway) return client.destroy()
    const upstream = connect(Number(database.port || 5432), database.hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(from)
      from.pipe(to)
      from
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(from)
          to.destroy()
        })
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const url = new URL(database)
  url.hostname = '127.0.0.1'
  url.port = String(server.address().port)
  return {
    url: url.href,
    async failOver() {
      isAway = true
      cut()
      await new Promise((resolve) => setTimeout(resolve, 1500))
      isAway = false
    },
    close() {
      cut()
      server.close()
    },
  }
}
