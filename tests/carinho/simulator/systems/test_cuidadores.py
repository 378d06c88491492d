"""Cuidadores: who changed since when, ratings, notices."""


def test_caregivers_are_listed_from_the_moment_of_their_change(call, simulator):
    caregivers = [
        {"id": 1, "updated_at": "2026-11-20T10:00:00-03:00"},
        {"id": 2, "updated_at": "2026-11-20T14:00:00-03:00"},
    ]
    simulator.load({"cuidadores": {"caregivers": caregivers}})
    params = {"updated_since": "2026-11-20T15:00:00+00:00"}
    found = call("GET", "/cuidadores/api/v1/caregivers", params=params).json()["data"]
    assert [caregiver["id"] for caregiver in found] == [2]
    assert len(call("GET", "/cuidadores/api/v1/caregivers").json()["data"]) == 2


def test_rating_and_notice_belong_to_their_caregiver(call, simulator):
    assert call("POST", "/cuidadores/api/v1/caregivers/5/ratings", {"rating": 4}).status_code == 201
    assert call("POST", "/cuidadores/api/v1/caregivers/5/notices", {"text": "Oi"}).status_code == 201
    records = simulator.state()["cuidadores"]["records"]
    assert records["ratings"] == [{"rating": 4, "caregiver_id": 5, "id": 1}]
    assert records["notices"] == [{"text": "Oi", "caregiver_id": 5, "id": 1}]
