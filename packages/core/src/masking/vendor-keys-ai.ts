import type { VendorKeyRow } from './vendor-key-row.js'

const END = '(?![\\w-])'

const TYPE = '(?:(?:api|admin|oat|ort|sid)\\d{2}-?)?'
const WORDS =
  '(?:(?:your|my|the|key|keys|api|admin|oauth|token|tokens|prefixed|prefix|style|like|type|typed|based|format|formatted|here|goes|example|placeholder|redacted|masked|hidden|secret|value|and|or|other|shaped)(?:[-_.]|(?![\\w])))+(?!\\w)'
/** Any length and type; not the bare name of a type, a placeholder, or a key that was shortened to be shown. */
const SHORTENED = '[\\w-]{0,24}(?:\\.\\.|\\*|\\u2026)'
const ANTHROPIC = `(?!${TYPE}(?:[xX]{3,200}(?![\\w])|(?![\\w-])|(?:YOUR|MY|API|KEY|HERE)(?:[-_]|(?!\\w))|${WORDS}|${SHORTENED}))(?:[\\w-]|\\.(?=[\\w-])){3,3000}`

/** Anthropic, this library, and other model providers. */
export const aiKeys: readonly VendorKeyRow[] = [
  ['Anthropic key of any type', 'sk-ant-', ANTHROPIC, 'platform.claude.com/docs', 'api03-FAKE{89}AA'],
  [
    'Client key of this library',
    'cnp_live_',
    '(?![xX]{4}|keys?(?!\\w)|your|YOUR)[A-Za-z0-9]{3,256}',
    'client-key.ts',
    'FAKE{42}',
  ],
  [
    'Client key for tests',
    'cnp_test_',
    '(?![xX]{4}|keys?(?!\\w)|your|YOUR)[A-Za-z0-9]{3,256}',
    'client-key.ts',
    'FAKE{42}',
  ],
  ['OpenAI project key', 'sk-proj-', '(?![xX]{4})[\\w-]{20,300}', 'platform.openai.com/docs', 'FAKE{60}'],
  ['OpenAI service account key', 'sk-svcacct-', '(?![xX]{4})[\\w-]{20,300}', 'platform.openai.com/docs', 'FAKE{60}'],
  ['OpenAI admin key', 'sk-admin-', '(?![xX]{4})[\\w-]{20,300}', 'platform.openai.com/docs', 'FAKE{60}'],
  ['OpenAI service key', 'sk-service-', '[\\w-]{20,300}', 'trufflehog', 'FAKE{60}'],
  ['OpenRouter', 'sk-or-', '(?:v1-)?[0-9A-Za-z]{32,128}', 'openrouter.ai/docs', 'v1-{hex:64}'],
  ['Langfuse', 'sk-lf-', '[0-9a-f-]{32,36}', 'langfuse.com/docs', '{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}'],
  [
    'OpenAI, DeepSeek, Moonshot and others',
    'sk-',
    '(?![xX]{4})(?=[A-Za-z]{0,60}\\d)[A-Za-z0-9]{20,128}(?![\\w])',
    'platform.openai.com/docs',
    'FAKE{44}7',
  ],
  ['OpenAI session', 'sess-', `[A-Za-z0-9]{40}${END}`, 'platform.openai.com/docs', 'FAKE{36}'],
  ['Groq', 'gsk_', '[A-Za-z0-9]{32,64}', 'console.groq.com/docs', 'FAKE{48}'],
  ['xAI', 'xai-', '[0-9A-Za-z_]{40,128}', 'docs.x.ai', 'FAKE{76}'],
  ['Perplexity', 'pplx-', '[A-Za-z0-9]{32,64}', 'docs.perplexity.ai', 'FAKE{44}'],
  [
    'Hugging Face',
    'hf_',
    '(?=\\w{0,44}\\d|\\w{0,44}[A-Z]{2}|\\w{0,44}[a-z][A-Z][a-z]?[A-Z])[A-Za-z0-9]{30,44}(?!\\w)',
    'huggingface.co/docs',
    'FAKE{30}',
  ],
  ['Hugging Face organization', 'api_org_', '[A-Za-z0-9]{30,64}', 'huggingface.co/docs', 'FAKE{30}'],
  ['Replicate', 'r8_', '[\\w-]{30,64}', 'replicate.com/docs', 'FAKE{33}'],
  ['NVIDIA', 'nvapi-', '[\\w-]{40,100}', 'build.nvidia.com', 'FAKE{60}'],
  ['LangSmith personal', 'lsv2_pt_', '[a-f0-9]{32}_[a-f0-9]{10}', 'docs.langchain.com', '{hex:32}_{hex:10}'],
  ['LangSmith service', 'lsv2_sk_', '[a-f0-9]{32}_[a-f0-9]{10}', 'docs.langchain.com', '{hex:32}_{hex:10}'],
  ['LangSmith, older', 'ls__', '[a-f0-9]{32}', 'docs.langchain.com', '{hex:32}'],
  ['Tavily', 'tvly-', '(?:dev-|prod-)?[A-Za-z0-9]{24,64}', 'docs.tavily.com', 'FAKE{28}'],
  ['Pinecone', 'pcsk_', '\\w{20,128}', 'docs.pinecone.io', 'FAKE1_{63}'],
  ['Jina', 'jina_', '[\\w-]{40,80}', 'jina.ai', 'FAKE{56}'],
  ['Cerebras', 'csk-', '[a-z0-9]{40,64}', 'inference-docs.cerebras.ai', '{hex:48}'],
  ['Voyage', 'pa-', `[A-Za-z0-9_-]{43}${END}`, 'docs.voyageai.com', 'FAKE{39}'],
  ['Together', 'tgp_v1_', '[\\w-]{40,64}', 'docs.together.ai', 'FAKE{39}'],
  ['Fireworks', 'fw_', `[A-Za-z0-9]{22,32}${END}`, 'docs.fireworks.ai', 'FAKE{20}'],
  ['Firecrawl', 'fc-', `[a-f0-9]{32}${END}`, 'docs.firecrawl.dev', '{hex:32}'],
  ['E2B', 'e2b_', '[a-f0-9]{40}', 'e2b.dev/docs', '{hex:40}'],
  ['ElevenLabs', 'sk_', `[a-f0-9]{48}${END}`, 'elevenlabs.io/docs', '{hex:48}'],
  ['Kagi', 'kagi-', '[\\w-]{20,64}', 'help.kagi.com', 'FAKE{30}'],
  ['Stability', 'sk-stab-', '[A-Za-z0-9]{32,64}', 'platform.stability.ai', 'FAKE{44}'],
  ['Baidu Qianfan', 'bce-v3/ALTAK-', '[A-Za-z0-9]{21}/[a-f0-9]{40}', 'cloud.baidu.com', 'FAKE{17}/{hex:40}'],
  ['Anyscale', 'esecret_', '[a-z0-9]{24,40}', 'docs.anyscale.com', '{hex:28}'],
  ['Apify', 'apify_api_', '[A-Za-z0-9-]{30,50}', 'docs.apify.com', 'FAKE{32}'],
  ['Helicone', 'sk-helicone-', '[a-z0-9-]{20,60}', 'docs.helicone.ai', '{hex:8}-{hex:8}-{hex:8}-{hex:8}'],
  ['Weights & Biases', 'wandb_v1_', '\\w{40,100}', 'docs.wandb.ai', 'FAKE{60}'],
]
