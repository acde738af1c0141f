// Passkeys: asks the browser for one, and sends its answer with the form.
// Without JavaScript an authenticator app or a recovery code does the same.
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const question = (form) => {
    const { publicKey } = JSON.parse(form.dataset.options);
    publicKey.challenge = bytes(publicKey.challenge);
    if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
    for (const list of [publicKey.excludeCredentials, publicKey.allowCredentials]) {
      for (const known of list ?? []) known.id = bytes(known.id);
    }
    return { publicKey };
  };

  const answer = (made) => {
    const response = { clientDataJSON: text(made.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = text(made.response[name]);
    }
    return JSON.stringify({
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      response,
      clientExtensionResults: made.getClientExtensionResults(),
    });
  };

  const WORDS = {
    InvalidStateError: "This device has a passkey of yours already.",
    NotAllowedError: "The browser stopped, or nobody answered it. Try again.",
    SecurityError: "The browser offers no passkeys at this address.",
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("[data-ask]");
    const words = form.querySelector("[data-words]");
    const ask = async () => {
      button.disabled = true;
      words.textContent = "";
      try {
        const made = await navigator.credentials[form.dataset.passkey](question(form));
        form.elements.credential.value = answer(made);
        form.submit();
      } catch (error) {
        words.textContent = WORDS[error.name] ?? "That did not work. Try again.";
        button.disabled = false;
      }
    };
    if (!window.PublicKeyCredential) {
      button.disabled = true;
      words.textContent = "This browser has no passkeys.";
    }
    button.addEventListener("click", ask);
    form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  }
})();
