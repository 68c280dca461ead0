// The pages of a login, as plain as they can be: who you are, then what you allow. Gives a function that
// answers a request for one of them, or says that it is not for it.

import { text } from 'node:stream/consumers';

export function pages(provider) {
  return (request, response) => {
    if (!/^\/interaction\/[^/?]+$/.test(request.url)) return false;
    answer(provider, request, response).catch((error) => {
      response.writeHead(400, { 'Content-Type': 'text/plain' });
      response.end(String(error));
    });
    return true;
  };
}

async function answer(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  const { prompt, params, session } = details;
  if (request.method !== 'POST') {
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end(form(prompt.name, params.client_id));
    return;
  }
  const fields = new URLSearchParams(await text(request));
  const finish = (result) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: prompt.name === 'consent' });
  if (fields.has('deny')) {
    await finish({ error: 'access_denied', error_description: 'the person said no' });
  } else if (prompt.name === 'login') {
    await finish({ login: { accountId: fields.get('login') } });
  } else {
    const grant = details.grantId
      ? await provider.Grant.find(details.grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    const missing = prompt.details;
    if (missing.missingOIDCScope) grant.addOIDCScope(missing.missingOIDCScope.join(' '));
    if (missing.missingOIDCClaims) grant.addOIDCClaims(missing.missingOIDCClaims);
    for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, scopes.join(' '));
    }
    await finish({ consent: { grantId: await grant.save() } });
  }
}

const form = (prompt, client) => `<!doctype html><title>${prompt}</title><h1>${prompt} for ${client}</h1>
<form method="post">${prompt === 'login' ? '<input name="login">' : ''}<button>yes</button>
<button name="deny" value="1">no</button></form>`;
