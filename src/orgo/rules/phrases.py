"""How conditions and decisions are said to people, English and French (pure)."""

_PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "quoted": "“{value}”", "and_": " and ", "or_": " or ", "and_that_": " and that ",
        "contains": "{field} contains {value}", "has_word": "{field} has the word {value}",
        "starts_with": "{field} starts with {value}", "ends_with": "{field} ends with {value}",
        "equals": "{field} is {value}", "matches": "{field} matches {value}",
        "more": "{field} is more than {value}", "less": "{field} is less than {value}",
        "at_least": "{field} is at least {value}", "at_most": "{field} is at most {value}",
        "not": "it is not so that {reasons}", "always": "it holds for every mail",
        "flag.has_attachment": "there is an attachment", "flag.is_reply": "it is a reply",
        "flag.is_bounce": "it is a bounce", "flag.is_auto_reply": "it is an automatic reply",
        "field.subject": "the subject", "field.body": "the text", "field.text": "the subject or text",
        "field.from": "the sender", "field.to": "To", "field.cc": "Cc", "field.recipients": "a recipient",
        "field.date": "the date", "field.weekday": "the weekday", "field.hour": "the hour", "field.size": "the size",
        "field.time": "the time", "field.reply_to": "Reply-To", "field.keywords": "a keyword",
        "field.attachments": "the attachments", "field.attachment_names": "the name of an attachment",
        "field.attachment_types": "the kind of an attachment", "field.list_id": "the mailing list",
        "field.language": "the language", "field.organization": "the organization", "field.mailbox": "the mailbox",
        "field.spam_score": "the spam score",
        "decided": "Rule “{rule}” decided: {reasons}.", "decided_bare": "Rule “{rule}” decided.",
        "added": "Rule “{rule}” matched too: {reasons}.", "added_bare": "Rule “{rule}” matched too.",
        "nobody": "No rule wanted it.",
        "near": "Rule “{rule}” nearly matched; it also asks that {missing}.",
        "at_its_time": "the mail comes when the rule is in force",
        "default": "No rule wanted it: it goes to {to}, the default.",
        "level": "If nobody acts, {to} hears of it at {at} (level {number}).",
    },
    "fr": {
        "quoted": "« {value} »", "and_": " et ", "or_": " ou ", "and_that_": " ; ",
        "contains": "{field} contient {value}", "has_word": "{field} a le mot {value}",
        "starts_with": "{field} commence par {value}", "ends_with": "{field} finit par {value}",
        "equals": "{field} est {value}", "matches": "{field} correspond à {value}",
        "more": "{field} est plus que {value}", "less": "{field} est moins que {value}",
        "at_least": "{field} est au moins {value}", "at_most": "{field} est au plus {value}",
        "not": "il n'est pas vrai que {reasons}", "always": "cela vaut pour tout courrier",
        "flag.has_attachment": "il y a une pièce jointe", "flag.is_reply": "c'est une réponse",
        "flag.is_bounce": "c'est un retour d'erreur", "flag.is_auto_reply": "c'est une réponse automatique",
        "field.subject": "l'objet", "field.body": "le texte", "field.text": "l'objet ou le texte",
        "field.from": "l'expéditeur", "field.to": "À", "field.cc": "Cc", "field.recipients": "un destinataire",
        "field.date": "la date", "field.weekday": "le jour", "field.hour": "l'heure", "field.size": "la taille",
        "field.time": "l'heure", "field.reply_to": "Reply-To", "field.keywords": "un mot-clé",
        "field.attachments": "les pièces jointes", "field.attachment_names": "le nom d'une pièce jointe",
        "field.attachment_types": "le type d'une pièce jointe", "field.list_id": "la liste de diffusion",
        "field.language": "la langue", "field.organization": "l'organisation", "field.mailbox": "la boîte aux lettres",
        "field.spam_score": "le score de spam",
        "decided": "La règle « {rule} » a décidé : {reasons}.", "decided_bare": "La règle « {rule} » a décidé.",
        "added": "La règle « {rule} » correspond aussi : {reasons}.", "added_bare": "La règle « {rule} » correspond aussi.",
        "nobody": "Aucune règle n'en voulait.",
        "near": "La règle « {rule} » a failli correspondre ; elle demande aussi : {missing}.",
        "at_its_time": "le courrier arrive quand la règle est en vigueur",
        "default": "Aucune règle n'en voulait : il va à {to}, par défaut.",
        "level": "Si personne n'agit, {to} l'apprend à {at} (niveau {number}).",
    },
}  # fmt: skip


def phrase(key: str, language: str, **values: str) -> str:
    """A phrase in this language, English where it has none; a field without one is called by its own name."""
    text = _PHRASES.get(language, {}).get(key) or _PHRASES["en"].get(key)
    if text is None:
        return key.partition(".")[2].replace("header:", "header ") or key
    return text.format(**values)
