// An OpenID Connect provider for test_single_sign_on: any name logs in with any password; anna is in the group.
import Provider from 'oidc-provider';

const [port, callback, secret] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'aml', client_secret: secret, redirect_uris: [callback] }],
  scopes: ['openid', 'profile', 'groups'],
  claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
  cookies: { keys: ['of a test'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id,
      groups: id === 'anna' ? ['others', 'aml-operators'] : ['others'],
    }),
  }),
});
provider.listen(Number(port), '127.0.0.1');
