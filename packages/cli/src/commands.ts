import { readFileSync } from 'node:fs'
import { federationOptions } from './federation-options.js'
import { generateKeyHelp, serveHelp } from './help.js'
import * as credentialsHelp from './help-credentials.js'
import * as keysHelp from './help-keys.js'
import * as oauthHelp from './help-oauth.js'
import * as storageHelp from './help-storage.js'

/** What a command line gives a command, checked against its row below. */
export interface Given {
  /** The options without a value. */
  readonly flags: Readonly<Record<string, boolean>>
  /** The options with a value. */
  readonly values: Readonly<Record<string, string>>
  /** What stands beside the options. */
  readonly operands: readonly string[]
}

/** One command of the command line. */
export interface Command {
  /** As typed after `prompt-train`. */
  readonly name: string
  readonly help: string
  /** Options that take no value, beside `--help`. */
  readonly flags: readonly string[]
  /** Options that take one value; `!` marks those that are needed. */
  readonly values: readonly string[]
  /** Operands in order; `?` marks those that may be left out. */
  readonly operands: readonly string[]
  /** Loads what the command needs. */
  readonly load: () => Promise<{ run(given: Given): void | Promise<void> }>
}

/** All commands. */
export const commands: readonly Command[] = [
  {
    name: 'serve',
    help: serveHelp,
    flags: [],
    values: [],
    operands: [],
    load: () => import('./commands/serve.js'),
  },
  {
    name: 'auth generate-key',
    help: generateKeyHelp,
    flags: ['json'],
    values: [],
    operands: [],
    load: () => import('./commands/generate-key.js'),
  },
  {
    name: 'keys create',
    help: keysHelp.create,
    flags: ['json'],
    values: ['domain!', 'label', 'expires'],
    operands: [],
    load: () => import('./commands/keys-create.js'),
  },
  {
    name: 'keys list',
    help: keysHelp.list,
    flags: ['json'],
    values: ['domain'],
    operands: [],
    load: () => import('./commands/keys-list.js'),
  },
  {
    name: 'keys rotate',
    help: keysHelp.rotate,
    flags: ['json'],
    values: ['overlap', 'label', 'expires'],
    operands: ['KEYID'],
    load: () => import('./commands/keys-rotate.js'),
  },
  {
    name: 'keys revoke',
    help: keysHelp.revoke,
    flags: ['all', 'yes', 'json'],
    values: ['domain'],
    operands: ['KEYID?'],
    load: () => import('./commands/keys-revoke.js'),
  },
  {
    name: 'credentials add',
    help: credentialsHelp.add,
    flags: ['replace', 'json'],
    values: ['domain!', 'type', ...federationOptions],
    operands: [],
    load: () => import('./commands/credentials-add.js'),
  },
  {
    name: 'credentials list',
    help: credentialsHelp.list,
    flags: ['json'],
    values: [],
    operands: [],
    load: () => import('./commands/credentials-list.js'),
  },
  {
    name: 'credentials check',
    help: credentialsHelp.check,
    flags: ['json'],
    values: [],
    operands: [],
    load: () => import('./commands/credentials-check.js'),
  },
  {
    name: 'credentials seal',
    help: credentialsHelp.seal,
    flags: ['json'],
    values: [],
    operands: [],
    load: () => import('./commands/credentials-seal.js'),
  },
  {
    name: 'oauth login',
    help: oauthHelp.login,
    flags: ['replace'],
    values: ['domain!'],
    operands: [],
    load: () => import('./commands/oauth-login.js'),
  },
  {
    name: 'oauth refresh',
    help: oauthHelp.refresh,
    flags: ['json'],
    values: ['domain!'],
    operands: [],
    load: () => import('./commands/oauth-refresh.js'),
  },
  {
    name: 'oauth status',
    help: oauthHelp.status,
    flags: ['json'],
    values: ['domain'],
    operands: [],
    load: () => import('./commands/oauth-status.js'),
  },
  {
    name: 'keyring create',
    help: credentialsHelp.createRingKey,
    flags: ['json'],
    values: ['id'],
    operands: [],
    load: () => import('./commands/keyring-create.js'),
  },
  {
    name: 'keyring rewrap',
    help: credentialsHelp.rewrap,
    flags: ['json'],
    values: [],
    operands: [],
    load: () => import('./commands/keyring-rewrap.js'),
  },
  {
    name: 'migrate',
    help: storageHelp.migrate,
    flags: ['json'],
    values: ['grants'],
    operands: [],
    load: () => import('./commands/migrate.js'),
  },
  {
    name: 'usage',
    help: storageHelp.usage,
    flags: ['json', 'csv', 'recompute'],
    values: ['by', 'from', 'to', 'domain', 'key', 'model', 'prices'],
    operands: [],
    load: () => import('./commands/usage.js'),
  },
  {
    name: 'conversations',
    help: storageHelp.conversations,
    flags: ['json'],
    values: ['domain', 'since'],
    operands: [],
    load: () => import('./commands/conversations.js'),
  },
  {
    name: 'export',
    help: storageHelp.exportExchanges,
    flags: [],
    values: ['domain!', 'from', 'to'],
    operands: [],
    load: () => import('./commands/export.js'),
  },
  {
    name: 'purge',
    help: storageHelp.purge,
    flags: ['json'],
    values: [],
    operands: [],
    load: () => import('./commands/purge.js'),
  },
  {
    name: 'delete',
    help: storageHelp.deleteDomain,
    flags: ['yes', 'json'],
    values: ['domain!'],
    operands: [],
    load: () => import('./commands/delete.js'),
  },
  {
    name: 'holds add',
    help: storageHelp.holdsAdd,
    flags: ['json'],
    values: ['since'],
    operands: ['REQUEST'],
    load: () => import('./commands/holds-add.js'),
  },
  {
    name: 'holds release',
    help: storageHelp.holdsRelease,
    flags: ['json'],
    values: ['since'],
    operands: ['REQUEST'],
    load: () => import('./commands/holds-release.js'),
  },
  {
    name: 'holds list',
    help: storageHelp.holdsList,
    flags: ['json'],
    values: [],
    operands: [],
    load: () => import('./commands/holds-list.js'),
  },
]

/** Prints help. */
export function showHelp(text: string): Pick<Command, 'load'> {
  return { load: async () => ({ run: () => void process.stdout.write(text) }) }
}

/** Prints the version of this package. */
export const showVersion: Pick<Command, 'load'> = {
  load: async () => ({
    run() {
      const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
      process.stdout.write(`${version}\n`)
    },
  }),
}
