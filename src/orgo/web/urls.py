"""The addresses of the pages."""

from django.urls import URLPattern, URLResolver, include, path

from orgo.web.views import actions, letters, live, mail, mailboxes, metrics, quarantine, signin, tasks

urlpatterns: list[URLPattern | URLResolver] = [
    path("", tasks.home, name="home"),
    path("news", tasks.news, name="news"),
    path("tasks/<str:reference>", tasks.home, name="task"),
    path("tasks/<str:reference>/take", actions.take_link, name="take-link"),
    path("tasks/<str:reference>/do/<str:action>", actions.act, name="act"),
    path("mail/drop", mail.drop, name="drop"),
    path("mail/<int:number>/where", mail.where, name="where"),
    path("mail/<int:number>/html", mail.html, name="mail-html"),
    path("mail/<int:number>/raw", mail.raw, name="mail-raw"),
    path("mail/<int:number>/attachment/<int:place>", mail.attachment, name="attachment"),
    path("letters", letters.letters, name="letters"),
    path("letters/<int:number>", letters.letter, name="letter"),
    path("caught", letters.caught, name="caught"),
    path("caught/<str:name>", letters.caught, name="caught-one"),
    path("quarantine", quarantine.quarantine, name="quarantine"),
    path("quarantine/retry", quarantine.try_again, name="quarantine-retry"),
    path("quarantine/<int:number>/discard", quarantine.put_aside, name="quarantine-discard"),
    path("mailboxes", mailboxes.mailboxes, name="mailboxes"),
    path("mailboxes/<int:number>", mailboxes.preview, name="mailbox-preview"),
    path("mailboxes/<int:number>/<str:action>", mailboxes.act, name="mailbox-act"),
    path("ignored", quarantine.ignored, name="ignored"),
    path("sign-in", signin.sign_in, name="sign-in"),
    path("sign-in/<str:secret>", signin.by_link, name="sign-in-link"),
    path("sign-out", signin.sign_out, name="sign-out"),
    path("live", live.live, name="live"),
    path("livez", signin.alive, name="alive"),
    path("readyz", signin.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/v1/", include("orgo.api.urls")),
]
