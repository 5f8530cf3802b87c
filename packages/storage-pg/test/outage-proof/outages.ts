import { execFileSync } from 'node:child_process'
import { query } from '../support/databases.js'
import type { PostgresServer } from '../support/postgres-server.js'

/** One way for a database to be of no use, and the way back. */
export interface Outage {
  begin(server: PostgresServer): Promise<void> | void
  end(server: PostgresServer): Promise<void> | void
}

/** The outages by the words of the report. */
export const outages: Readonly<Record<string, Outage>> = {
  'killed, then started again': {
    begin: (server) => server.kill(),
    end: (server) => server.restart(),
  },
  'frozen, then thawed': {
    begin({ pid }) {
      // The one that makes the others first, so that there are no more of them than are listed.
      process.kill(pid, 'SIGSTOP')
      for (const child of childrenOf(pid)) process.kill(child, 'SIGSTOP')
    },
    end({ pid }) {
      for (const child of childrenOf(pid)) process.kill(child, 'SIGCONT')
      process.kill(pid, 'SIGCONT')
    },
  },
  'read-only, then writable': {
    begin: (server) => setReadOnly(server, 'on'),
    end: (server) => setReadOnly(server, 'off'),
  },
}

/** For every session, those that are open included. */
async function setReadOnly({ url }: PostgresServer, value: 'on' | 'off'): Promise<void> {
  await query(url, `alter system set default_transaction_read_only = ${value}`)
  await query(url, 'select pg_reload_conf()')
}

function childrenOf(parent: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, ppid]) => ppid === parent)
    .map(([pid]) => pid!)
}
