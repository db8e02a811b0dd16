// `s3`: the embedded S3 server over a directory or over memory, until Ctrl-C.

import { randomBytes } from 'node:crypto'
import { createS3Endpoint } from '../../s3-endpoint/endpoint.ts'
import { countOption, jsonOption, UsageError, type Command, type OptionValues } from '../command.ts'
import { createFolderBuckets } from '../serving/folder-buckets.ts'
import { createMemoryBuckets } from '../serving/memory-buckets.ts'

export const s3: Command = {
  name: 's3',
  arguments: '',
  summary: 'serve a directory as an S3 endpoint',
  options: [
    { flags: '--dir <folder>', help: 'its folders are the buckets; made when missing' },
    { flags: '--memory', help: 'buckets in memory instead, gone when it ends; for tests' },
    { flags: '--bucket <name>', help: 'serve the directory itself as this bucket, as file:///dir shows it' },
    { flags: '--port <number>', help: 'default 9000; 0 takes any free one' },
    { flags: '--host <name>', help: 'default 127.0.0.1: this machine only' },
    { flags: '--access-key <id>', help: 'default $AWS_ACCESS_KEY_ID, else a new one, printed' },
    { flags: '--secret-key <secret>', help: 'default $AWS_SECRET_ACCESS_KEY, else a new one, printed' },
    { flags: '--anonymous', help: 'let requests without a signature in' },
    jsonOption,
  ],
  examples: ['bucketfs s3 --dir ./buckets --port 9000'],
  async run({ out, signal }, _args, options) {
    const folder = options['dir']
    if ((typeof folder === 'string') === Boolean(options['memory']))
      throw new UsageError('s3 takes either --dir, the directory to serve, or --memory')
    const port = countOption(options, 'port', 0) ?? 9000
    const only = options['bucket'] as string | undefined
    const { keyId, secret, made } = keysFrom(options)
    const buckets = typeof folder === 'string' ? await createFolderBuckets({ folder, only }) : createMemoryBuckets(only)
    const endpoint = createS3Endpoint({
      buckets,
      credentials: (id) => (id === keyId ? secret : undefined),
      anonymous: Boolean(options['anonymous']),
    })
    try {
      const { url } = await endpoint.listen({ host: options['host'] as string | undefined, port })
      if (options['json']) await out.json({ url, accessKeyId: keyId, ...(made && { secretAccessKey: secret }) })
      else {
        const where = typeof folder === 'string' ? folder : 'memory'
        await out.line(`S3 endpoint ${url}, ${only === undefined ? 'buckets in' : `bucket ${only} in`} ${where}`)
        await out.line(`export AWS_ENDPOINT_URL=${url} AWS_REGION=us-east-1`)
        if (made) await out.line(`export AWS_ACCESS_KEY_ID=${keyId} AWS_SECRET_ACCESS_KEY=${secret}`)
      }
      await aborted(signal)
    } finally {
      await endpoint.close()
      await buckets.close()
    }
    return 0
  },
}

interface Keys {
  readonly keyId: string
  readonly secret: string
  /** Made up for this run, so that it must be shown. */
  readonly made: boolean
}

function keysFrom(options: OptionValues): Keys {
  const keyId = options['accessKey'] ?? process.env['AWS_ACCESS_KEY_ID']
  const secret = options['secretKey'] ?? process.env['AWS_SECRET_ACCESS_KEY']
  if (keyId && secret) return { keyId: String(keyId), secret: String(secret), made: false }
  if (options['accessKey'] !== undefined || options['secretKey'] !== undefined)
    throw new UsageError('--access-key and --secret-key go together')
  return {
    keyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
    secret: randomBytes(30).toString('base64url'),
    made: true,
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
