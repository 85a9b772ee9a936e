// A real OpenID provider for the tests: oidc-provider as published, over https on loopback.
//
//   node provider.mjs CERT KEY '{"accessTokenTTL": 8, "deviceCodeTTL": 600, "jwt": true, "dpopNonce": true,
//     "resource": "https://api.example.com", "apiScope": "telemetry.write"}'
//
// It prints one JSON object a line: {"issuer": ...} when it listens, then one for each grant it gives or refuses.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Provider, errors } from 'oidc-provider';

const [cert, key, options = '{}'] = process.argv.slice(2);
const {
  accessTokenTTL = 3600, deviceCodeTTL = 600, jwt = false, dpopNonce = false,
  resource = 'https://mqtt.example', apiScope = '',
} = JSON.parse(options);
const say = (object) => process.stdout.write(`${JSON.stringify(object)}\n`);

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code';
const client = {
  redirect_uris: [],
  response_types: [],
  grant_types: [deviceCode, 'refresh_token'],
  scope: `openid offline_access profile ${apiScope}`.trim(),
};

// The API whose access tokens are JWTs, where the test wants them.
const api = {
  scope: apiScope,
  audience: resource,
  accessTokenTTL,
  accessTokenFormat: 'jwt',
};

const configuration = {
  clients: [
    { ...client, client_id: 'printer', client_name: 'Printer', token_endpoint_auth_method: 'none' },
    { ...client, client_id: 'speaker', client_name: 'Speaker', client_secret: 'a secret of the speaker' },
    // the broker, which asks whether a token is good
    { ...client, client_id: 'broker', client_secret: 'a secret of the broker', grant_types: [] },
  ],
  scopes: ['openid', 'offline_access', ...(apiScope ? [apiScope] : [])],
  claims: { openid: ['sub'], profile: ['name'] },
  conformIdTokenClaims: false, // the name is in the ID token
  cookies: { keys: ['only for a test'] },
  features: {
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => dpopNonce },
    resourceIndicators: {
      enabled: jwt,
      getResourceServerInfo: (_, asked) => {
        if (asked !== api.audience) throw new errors.InvalidTarget();
        return api;
      },
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id} Example` }) }),
  issueRefreshToken: (_, c) => c.grantTypeAllowed('refresh_token'),
  revokeGrantPolicy: () => true, // revoking any token ends the grant, as removing the device from an account does
  ttl: {
    AccessToken: accessTokenTTL,
    DeviceCode: deviceCodeTTL,
    Grant: 86400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 86400,
  },
};

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) });
server.listen(0, '127.0.0.1', () => {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  const report = (kind) => (ctx, err) => say({
    event: kind,
    grant_type: ctx.oidc.params?.grant_type,
    client_id: ctx.oidc.client?.clientId,
    user_agent: ctx.get('user-agent'),
    error: err?.error,
  });
  provider.on('grant.success', report('granted'));
  provider.on('grant.error', report('refused'));
  provider.on('server_error', (_, err) => say({ event: 'server_error', error: String(err?.stack) }));
  server.on('request', provider.callback());
  say({ issuer });
});

// The test holds the other end of standard input: when it goes, so does this.
process.stdin.on('end', () => process.exit(0)).resume();
