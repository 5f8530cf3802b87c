export { type Authenticate, allowAnyone, type Identity } from './auth/authenticate.js'
export { type ClientKeyOptions, createClientKey, digestClientKey, isClientKey, toClientKey } from './client-key.js'
export { type Clock, systemClock } from './clock.js'
export {
  type FileCredentialStore,
  type FileCredentialStoreOptions,
  fileCredentialStore,
} from './credentials/file-store.js'
export { ConfigurationError, errorTable, ProxyError, type ProxyErrorCode } from './errors.js'
export type { AnswerFacts, Exchange, Usage } from './exchange.js'
export { createLogger, type Logger, type LoggerOptions, maskingLogger, silentLogger } from './logger.js'
export { type HeaderFields, maskHeaders } from './masking/mask-headers.js'
export { maskJson } from './masking/mask-json.js'
export { createMaskStream } from './masking/mask-stream.js'
export { maskText } from './masking/mask-text.js'
export type { InboundRequest, Mountable, MountableFetchInit, ResponseSink } from './mountable.js'
export type { ProxyOptions } from './options.js'
export { createProxy, type ProxyApp, type ProxyHealth } from './proxy.js'
export { Secret } from './secret.js'
export { type MemoryStorage, type MemoryStorageOptions, memoryStorage } from './storage/memory.js'
export type {
  ClientKey,
  ClientKeyStore,
  Credential,
  CredentialStore,
  MaybePromise,
  Storage,
} from './storage/storage.js'
export type { Timeouts } from './upstream/forward.js'
export { type AllowHeaders, headerPolicy } from './upstream/headers.js'
export { defaultRoutes, type Route } from './upstream/target.js'
export { respond } from './web.js'
export type { RespondOptions } from './web-sink.js'
