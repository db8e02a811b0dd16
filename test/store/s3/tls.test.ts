// TLS is verified, always; trust comes by option only.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../src/base/log.ts'
import { rawServer, reply, type RawServer } from '../../support/raw-server.ts'
import { failure, getText } from '../../support/store-kit.ts'

/** For 127.0.0.1, signed by itself, good until 2126. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgv2GScEOJxYapn7Te
eV0ccPqJnP80aWcZRPKJ5XZP/3OhRANCAARMuZoNK/nzTQ+qcEh75kudNDestPoo
/JxFwLyNxs2zhCP/NhbwhQd88YW+t2mh0+AjnDrIvCWhB6uD4i9IVT5j
-----END PRIVATE KEY-----`
const cert = `-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUGddXzeCgHNAIPb4CyVwCjcLuUakwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNTAxMzIzN1oYDzIxMjYxMTAx
MDEzMjM3WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARMuZoNK/nzTQ+qcEh75kudNDestPoo/JxFwLyNxs2zhCP/NhbwhQd8
8YW+t2mh0+AjnDrIvCWhB6uD4i9IVT5jo2QwYjAdBgNVHQ4EFgQUEBJ9lnIubL06
9xsIdX5czMqPcgkwHwYDVR0jBBgwFoAUEBJ9lnIubL069xsIdX5czMqPcgkwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
IQCjTdNjiag7C9yz/gYNqAT36LvAcivegUT0d7G2cYMb3wIgF2A7crDYAraVYeT+
3jPXJeqrlr6UZ5aRAST9EXStXEE=
-----END CERTIFICATE-----`

let server: RawServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
  vi.unstubAllEnvs()
})

describe('TLS', () => {
  it('refuses a certificate nobody vouches for, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    server = await rawServer([reply(200, {}, 'ok')], { key, cert })
    const error = await failure(server.open().get('k'), 'unavailable')
    expect(error).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', ambiguous: false })
    expect(server.requests).toEqual([])
  })

  it('accepts it with its own authority, and listUploads by the SDK alike', async () => {
    const none = '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>'
    server = await rawServer([reply(200, {}, 'ok'), reply(200, {}, none)], { key, cert })
    const store = server.open({ ca: cert })
    expect(await getText(store, 'k')).toBe('ok')
    expect(await store.listUploads('')).toEqual([])
    await failure(server.open().listUploads(''), 'unavailable')
  })

  it('accepts any when told so, with a warning', async () => {
    const warnings: string[] = []
    server = await rawServer([reply(200, {}, 'ok')], { key, cert })
    const store = server.open({
      insecureTls: true,
      logger: { ...silentLogger, warn: (message) => warnings.push(message) },
    })
    expect(await getText(store, 'k')).toBe('ok')
    expect(warnings).toEqual([expect.stringContaining('not verified')])
  })
})
