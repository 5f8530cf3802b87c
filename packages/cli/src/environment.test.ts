import { resolve } from 'node:path'
import { createKeyRingKey } from '@agent-prompt-train/core'
import { describe, expect, it } from 'vitest'
import { readEnvironment } from './environment.js'

const read = (variables: Record<string, string>, isTerminal = false) => readEnvironment({ isTerminal }, variables)

describe('readEnvironment', () => {
  it('needs nothing', () => {
    expect(read({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      credentialsDir: resolve('credentials'),
      credentialsDirGiven: false,
      newSecretsIn: 'folder',
      dataDir: resolve('.data'),
      upstream: null,
      anthropicApiKey: null,
      keyRing: null,
      allowPlain: true,
      oauth: {
        authorizeUrl: null,
        tokenUrl: null,
        clientId: null,
        redirectUri: null,
        scopes: [],
        allowSubscription: false,
      },
      databaseUrl: null,
      storageEnabled: true,
      retention: { recordsMs: 365 * 86_400_000, bodiesMs: 30 * 86_400_000 },
      modelPricesFile: null,
      clientAuth: true,
      trustedProxies: [],
      ipAllowlist: [],
      checkHost: false,
      authFailuresPerMinute: 30,
      logLevel: 'info',
      logPretty: false,
      production: false,
      notUsedYet: [],
    })
  })

  it('reads every variable', () => {
    const environment = read({
      PORT: '0',
      HOST: '::',
      CREDENTIALS_DIR: '/etc/credentials',
      DATA_DIR: '/var/data',
      CLAUDE_API_BASE_URL: 'http://127.0.0.1:9',
      ANTHROPIC_API_KEY: ' sk-ant-api03-FAKE\n',
      OAUTH_AUTHORIZE_URL: 'https://example.com/authorize',
      OAUTH_TOKEN_URL: 'https://example.com/token',
      OAUTH_CLIENT_ID: 'client-1',
      OAUTH_REDIRECT_URI: 'https://example.com/callback',
      OAUTH_SCOPES: 'org:profile, workspace:inference',
      ALLOW_SUBSCRIPTION_OAUTH: 'true',
      DATABASE_URL: 'postgresql://app:FAKE@db.example/app',
      STORAGE_ENABLED: 'false',
      RETENTION_DAYS: '7',
      MODEL_PRICES_FILE: '/etc/model-prices.json',
      ENABLE_CLIENT_AUTH: 'true',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      IP_ALLOWLIST: '192.0.2.1,',
      CHECK_HOST: 'true',
      AUTH_FAILURES_PER_MINUTE: '5',
      LOG_LEVEL: 'debug',
      LOG_PRETTY: 'true',
      NODE_ENV: 'production',
    })
    const { anthropicApiKey, databaseUrl, ...rest } = environment
    expect(anthropicApiKey?.expose()).toBe('sk-ant-api03-FAKE')
    expect(databaseUrl?.expose()).toBe('postgresql://app:FAKE@db.example/app')
    expect(rest).toEqual({
      port: 0,
      host: '::',
      credentialsDir: '/etc/credentials',
      credentialsDirGiven: true,
      newSecretsIn: 'folder',
      dataDir: '/var/data',
      upstream: 'http://127.0.0.1:9',
      keyRing: null,
      allowPlain: true,
      oauth: {
        authorizeUrl: 'https://example.com/authorize',
        tokenUrl: 'https://example.com/token',
        clientId: 'client-1',
        redirectUri: 'https://example.com/callback',
        scopes: ['org:profile', 'workspace:inference'],
        allowSubscription: true,
      },
      storageEnabled: false,
      // Bodies never stay longer than their records.
      retention: { recordsMs: 7 * 86_400_000, bodiesMs: 7 * 86_400_000 },
      modelPricesFile: '/etc/model-prices.json',
      clientAuth: true,
      trustedProxies: ['10.0.0.0/8', '::1'],
      ipAllowlist: ['192.0.2.1'],
      checkHost: true,
      authFailuresPerMinute: 5,
      logLevel: 'debug',
      logPretty: true,
      production: true,
      notUsedYet: [],
    })
  })

  it('takes a variable that is set to nothing as not set', () => {
    expect(read({ PORT: '', ANTHROPIC_API_KEY: '', NODE_ENV: '', DATABASE_URL: '' })).toEqual(read({}))
  })

  it('has new secrets in the database where that is named and no folder is', () => {
    const database = { DATABASE_URL: 'postgresql://app:FAKE@db.example/app' }
    expect(read(database).newSecretsIn).toBe('database')
    expect(read({ ...database, CREDENTIALS_DIR: '' }).newSecretsIn).toBe('database')
    expect(read({ ...database, CREDENTIALS_DIR: 'credentials' }).newSecretsIn).toBe('folder')
  })

  it('refuses credentials in the clear only beside a key ring', () => {
    const variables = { ALLOW_PLAIN_CREDENTIALS: 'false' }
    expect(() => read(variables)).toThrow(/^ALLOW_PLAIN_CREDENTIALS: .*ENCRYPTION_KEYS/)
    const entry = `k1:${createKeyRingKey().expose()}`
    expect(read({ ...variables, ENCRYPTION_KEYS: entry }).allowPlain).toBe(false)
  })

  it('is pretty on a terminal unless told otherwise', () => {
    expect(read({}, true).logPretty).toBe(true)
    expect(read({ LOG_PRETTY: 'false' }, true).logPretty).toBe(false)
  })

  it('lists the known variables that have no effect yet', () => {
    expect(read({ SLACK_WEBHOOK_URL: 'x', DASHBOARD_API_KEY: 'x', OTHER: 'x' }).notUsedYet).toEqual([
      'DASHBOARD_API_KEY',
      'SLACK_WEBHOOK_URL',
    ])
  })

  it.each([
    ['PORT', 'FAKE'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['ENABLE_CLIENT_AUTH', 'FAKE'],
    ['ALLOW_SUBSCRIPTION_OAUTH', 'FAKE'],
    ['LOG_LEVEL', 'FAKE'],
    ['LOG_PRETTY', 'FAKE'],
    ['NODE_ENV', 'prodFAKE'],
    ['DATABASE_URL', 'mysql://FAKE'],
    ['STORAGE_ENABLED', 'FAKE'],
    ['RETENTION_DAYS', '0'],
    ['BODY_RETENTION_DAYS', '1.5'],
    ['ANTHROPIC_API_KEY', 'sk-ant FAKE'],
    ['ANTHROPIC_API_KEY', 'sk-ant-“FAKE”'],
    ['ANTHROPIC_API_KEY', 'cnp_live_FAKE'],
  ])('refuses %s=%s and names the variable, not the value', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        option: name,
        message: expect.not.stringContaining(value),
      }),
    )
  })

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('lets everybody in while developing on %s', (HOST) => {
    expect(read({ ENABLE_CLIENT_AUTH: 'false', NODE_ENV: 'development', HOST }).clientAuth).toBe(false)
  })

  it.each([
    { NODE_ENV: 'production' },
    { NODE_ENV: 'test' },
    {},
    { NODE_ENV: 'development', HOST: '0.0.0.0' },
    { NODE_ENV: 'development', HOST: '::' },
    { NODE_ENV: 'development', HOST: '127.example.com' },
    { NODE_ENV: 'development', HOST: '192.0.2.1' },
  ])('refuses ENABLE_CLIENT_AUTH=false with %o', (variables) => {
    expect(() => read({ ...variables, ENABLE_CLIENT_AUTH: 'false' })).toThrow(
      expect.objectContaining({ option: 'ENABLE_CLIENT_AUTH' }),
    )
  })
})
