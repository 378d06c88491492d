"""What people of the team write (reasons, notes), as its reader may see it.

About a person's rows it may say anything of them: who may only see is shown how long it is, and no more.
About a system or the shift it stays readable, without numbers and addresses of people.
"""

from django.http import HttpRequest

from carinho.access.roles import MAY_REVEAL
from carinho.masking import mask_note, mask_text


def about_person(text: str, request: HttpRequest) -> str:
    return text if request.user.has_perm(MAY_REVEAL) else mask_note(text)


def about_system(text: str, request: HttpRequest) -> str:
    return text if request.user.has_perm(MAY_REVEAL) else mask_text(text)
